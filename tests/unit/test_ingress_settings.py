"""What the agent says when it cannot start, and in which form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cr3t"


def run_agent(**variables: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("WEIGHBRIDGE_")}
    given = {f"WEIGHBRIDGE_{name}": value for name, value in variables.items()}
    return subprocess.run(
        [sys.executable, "-m", "weighbridge_ingress"],
        env=clean | given,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.fixture
def good(project: Path, tmp_path: Path) -> dict[str, str]:
    return {
        "TRAFFIC_REPO": f"https://bot:{SECRET}@127.0.0.1:1/traffic.git",
        "ROUTES_TEMPLATE": str(project / "envoy" / "routes.yaml"),
        "ROUTES_FILE": str(tmp_path / "routes.yaml"),
        "BOOTSTRAP": str(project / "envoy" / "bootstrap.yaml"),
    }


def test_missing_settings_are_named_one_a_line() -> None:
    done = run_agent(TRAFFIC_REPO="")
    names = [line.partition(":")[0] for line in done.stderr.splitlines()]
    needed = ("TRAFFIC_REPO", "ROUTES_TEMPLATE", "ROUTES_FILE", "BOOTSTRAP")
    assert (done.returncode, names) == (2, [f"WEIGHBRIDGE_{name}" for name in needed])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRAFFIC_PATH", "envoy/traffic/local/traffic.yaml"),
        ("TRAFFIC_PATH", "/"),
        ("POLL_INTERVAL_S", "0"),
        ("POLL_INTERVAL_S", "soon"),
        ("REPORT_LISTEN", "9903"),
        ("ENVOY_ADMIN", "127.0.0.1:9901"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_setting_is_named_without_its_value(
    name: str, value: str, good: dict[str, str]
) -> None:
    done = run_agent(**good, **{name: value})
    assert done.returncode == 2
    assert done.stderr.startswith(f"WEIGHBRIDGE_{name}: ")
    assert done.stderr.count("\n") == 1
    assert SECRET not in done.stderr


def test_the_log_is_one_json_object_a_line_or_text(good: dict[str, str]) -> None:
    good["BOOTSTRAP"] = "/nowhere/bootstrap.yaml"
    done = run_agent(**good)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    record = json.loads(line)
    assert list(record) == ["at", "level", "logger", "message"]
    assert (record["level"], record["logger"]) == ("error", "weighbridge_ingress")
    assert "/nowhere/bootstrap.yaml" in record["message"]
    text = run_agent(**good, LOG_FORMAT="text").stderr
    assert " ERROR weighbridge_ingress the agent cannot start: " in text
