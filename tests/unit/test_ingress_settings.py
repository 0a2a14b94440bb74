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


def run_agent(
    others: dict[str, str] | None = None, /, **variables: str
) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("WEIGHBRIDGE_")}
    clean |= others or {}
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
    needed = ("TRAFFIC_CONFIGMAP", "ROUTES_TEMPLATE", "ROUTES_FILE", "BOOTSTRAP")
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
        ("TRAFFIC_CONFIGMAP", "traffic"),  # beside a repository
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


def test_exactly_one_source_is_asked_for_by_the_names_of_both(good: dict[str, str]) -> None:
    both = run_agent(**good, TRAFFIC_CONFIGMAP="traffic", TRAFFIC_MOUNT="/mount").stderr
    start = "WEIGHBRIDGE_TRAFFIC_CONFIGMAP: set either this or WEIGHBRIDGE_TRAFFIC_REPO"
    assert both == f"{start}; both are set\n"
    del good["TRAFFIC_REPO"]
    assert run_agent(**good).stderr == f"{start}; none is set\n"


def test_a_configmap_has_a_mount_and_a_cluster(good: dict[str, str], tmp_path: Path) -> None:
    del good["TRAFFIC_REPO"]
    no_mount = run_agent(**good, TRAFFIC_CONFIGMAP="a/traffic")
    assert no_mount.returncode == 2
    assert no_mount.stderr.startswith("WEIGHBRIDGE_TRAFFIC_MOUNT: ")
    nothing = {"HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "none")}
    mount = {"TRAFFIC_CONFIGMAP": "a/traffic", "TRAFFIC_MOUNT": str(tmp_path)}
    done = run_agent(nothing, **good, **mount)
    assert done.returncode == 1
    assert "no access to a cluster" in done.stderr
    assert "automountServiceAccountToken" in done.stderr


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
