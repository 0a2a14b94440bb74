"""Reports survive their way over the wire, and others' answers are not taken for reports."""

from __future__ import annotations

import dataclasses
import json

import pytest

from weighbridge_ingress import (
    Calls,
    Refused,
    Report,
    ReportError,
    Running,
    Wanted,
    fetch_report,
)

FULL = Report(
    agent="envoy-0",
    at="2026-11-24T08:00:00.000Z",
    wanted=Wanted("0bd96fa9c055", "a" * 40, {"stable": "v6"}, "2026-11-24T08:00:00.000Z"),
    running=Running("0bd96fa9c055", {"v6": 900, "v7": 100}, "2026-11-24T08:00:00.000Z", 50),
    in_step=True,
    refused=Refused("b" * 40, "2026-11-24T08:00:00.000Z", ("traffic.yaml:5: x: y",), "0" * 12),
    error=None,
    repairs=3,
    calls=Calls("2026-11-24T08:00:00.000Z", {"v6": 912, "v7": 88}),
    known_versions=("v6", "v7"),
)
EMPTY = dataclasses.replace(
    FULL, wanted=None, running=None, refused=None, calls=None, in_step=False, error="gone"
)


@pytest.mark.parametrize("report", [FULL, EMPTY])
def test_a_report_reads_back_as_it_was_written(report: Report) -> None:
    assert Report.from_json(report.to_json()) == report


def test_fields_of_a_later_agent_are_passed_over() -> None:
    data = json.loads(FULL.to_json())
    data["schema"] = 2
    data["new"] = data["running"]["new"] = 1
    assert Report.from_json(json.dumps(data).encode()) == FULL


def test_an_earlier_agent_that_tells_less_is_understood() -> None:
    data = json.loads(FULL.to_json())
    del data["running"]["shadow_permille"], data["refused"]["digest"], data["known_versions"]
    report = Report.from_json(json.dumps(data).encode())
    assert report.running
    assert report.refused
    assert (report.running.shadow_permille, report.refused.digest) == (0, "")
    assert report.known_versions == ()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{}", b'{"schema": 0}', b'{"schema": 2}', b"\xff", b"7"]
)
def test_what_is_no_report_is_told(body: bytes) -> None:
    with pytest.raises(ReportError):
        Report.from_json(body)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "file:///etc/hostname", "127.0.0.1:9903"])
def test_an_agent_that_cannot_be_asked_is_told(url: str) -> None:
    with pytest.raises(ReportError, match=url):
        fetch_report(url, timeout_s=1)
