"""A repository that is slow, guarded or far away: the agent keeps Envoy and says what it lacks."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.counting import eventually
from tests.traffic_commits import traffic_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.ingress import Ingress

SECRET = "s3cr3t"


@pytest.fixture
def silent_url() -> Iterator[str]:
    """A Git host that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://bot:{SECRET}@127.0.0.1:{listener.getsockname()[1]}/traffic.git"


def test_a_silent_git_host_holds_up_nothing(own_ingress: Ingress, silent_url: str) -> None:
    own_ingress.traffic_repo = silent_url
    own_ingress.start("v6", "v7", "agent", "envoy")
    eventually(lambda: _runs_stable(own_ingress), within_s=15)
    good = own_ingress.routes_file.read_text()
    end = time.monotonic() + 8
    while time.monotonic() < end:
        repairs = own_ingress.report().repairs
        own_ingress.routes_file.write_text(good.replace('"weight": 1000', '"weight": 1'))
        eventually(lambda before=repairs: _repaired(own_ingress, before), within_s=1.5)  # type: ignore[misc]
        assert own_ingress.routes_file.read_text() == good
        with urllib.request.urlopen(own_ingress.agent_url + "/healthz", timeout=5) as answer:
            assert answer.status == 200
        report = own_ingress.report()
        assert report.error
        assert report.error.startswith("the traffic repository http://127.0.0.1:")
        assert "is slow" in report.error
    began = time.monotonic()
    assert own_ingress.stop("agent") == 0
    assert time.monotonic() - began < 3


def test_no_report_and_no_log_line_holds_a_password(own_ingress: Ingress) -> None:
    own_ingress.traffic_repo = f"http://bot:{SECRET}@127.0.0.1:1/traffic.git"
    own_ingress.start("agent")
    eventually(lambda: _refused_by_the_host(own_ingress), within_s=15)
    assert SECRET not in own_ingress.report().to_json().decode()
    log = (own_ingress.home / "agent.log").read_text()
    assert "http://127.0.0.1:1/traffic.git" in log
    assert SECRET not in log
    assert {tuple(json.loads(line))[:4] for line in log.splitlines()} == {
        ("at", "level", "logger", "message")
    }


def test_a_commit_is_fetched_without_what_is_there_already(
    own_ingress: Ingress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ballast = own_ingress.commits.path.with_name("ballast.bin")
    ballast.write_bytes(os.urandom(1 << 20))
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for command in (["add", "."], [*identity, "commit", "-qm", "Add ballast"], ["push", "-q"]):
        subprocess.run(["git", *command], cwd=ballast.parent, check=True)
    caches = tmp_path / "caches"
    caches.mkdir()
    monkeypatch.setenv("TMPDIR", str(caches))
    own_ingress.traffic_repo = f"file://{own_ingress.home}/traffic.git"
    own_ingress.start("agent")
    sizes = []
    for percent in ("11", "12", "13"):
        commit = own_ingress.commits.commit(traffic_file(percent))
        eventually(lambda commit=commit: _wants(own_ingress, commit), within_s=15)  # type: ignore[misc]
        sizes.append(sum(path.stat().st_size for path in caches.rglob("*") if path.is_file()))
    assert sizes[0] > 1_000_000
    assert sizes[-1] - sizes[0] < 100_000


def test_a_commit_is_followed_at_once_though_another_thread_looks(ingress: Ingress) -> None:
    waits = []
    for percent in ("21", "22", "23", "24", "25"):
        began = time.monotonic()
        ingress.set_traffic(percent)
        waits.append(time.monotonic() - began)
    assert sorted(waits)[2] < 0.6, waits


def test_a_text_that_the_parser_trips_over_is_refused(own_ingress: Ingress) -> None:
    own_ingress.start("agent")
    eventually(own_ingress.report, within_s=20)
    for text in ("[" * 3000, "!!bool x", "!!omap [a: b]", r'"\UFFFFFFFF"'):
        commit = own_ingress.commits.commit(f"data: {text}\n")
        eventually(lambda commit=commit: _refuses(own_ingress, commit), within_s=15)  # type: ignore[misc]
    assert "cannot be followed" not in (own_ingress.report().error or "")
    commit = own_ingress.commits.commit(traffic_file("31"))
    eventually(lambda: _wants(own_ingress, commit), within_s=15)


def _runs_stable(ingress: Ingress) -> None:
    running = ingress.report().running
    assert running
    assert running.weights == {"v6": 1000, "v7": 0}


def _repaired(ingress: Ingress, before: int) -> None:
    assert ingress.report().repairs > before


def _refused_by_the_host(ingress: Ingress) -> None:
    assert "unable to access" in (ingress.report().error or "")


def _refuses(ingress: Ingress, commit: str) -> None:
    refused = ingress.report().refused
    assert refused
    assert refused.source == commit
    assert ":1: " in refused.problems[0]


def _wants(ingress: Ingress, commit: str) -> None:
    wanted = ingress.report().wanted
    assert wanted
    assert wanted.source == commit
