"""An Envoy that starts while nothing good is to be had, and who waits for it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.counting import eventually
from tests.traffic_commits import traffic_file

if TYPE_CHECKING:
    from tests.ingress import Ingress

SWAPPED = traffic_file("10").replace("stable: v6", "stable: v7").replace("canary: v7", "canary: v6")
AHEAD = SWAPPED.replace("canary: v6", "canary: v9")  # a version that Envoy does not know


@pytest.mark.parametrize(
    ("text", "all_to"),
    [
        (AHEAD, "v7"),
        (AHEAD.replace('"10"', '"1000"'), "v7"),
        (AHEAD.replace("stable: v7", "stable: v9"), "v6"),
        ("nonsense", "v6"),
    ],
    ids=["canary unknown", "and a bad percent", "stable unknown", "nonsense"],
)
def test_all_goes_to_the_stable_version_of_a_refused_state(
    text: str, all_to: str, own_ingress: Ingress
) -> None:
    own_ingress.commits.commit(text)
    own_ingress.start("v6", "v7", "agent", "envoy")
    report = own_ingress.wait_for(lambda r: r.running, within_s=20)
    assert report.running
    assert report.refused
    assert (report.wanted, report.in_step, report.error) == (None, False, None)
    assert {name: weight for name, weight in report.running.weights.items() if weight} == {
        all_to: 1000
    }
    own_ingress.wait_until_healthy()
    answers = own_ingress.predict(50)
    assert {answer.version for answer in answers} == {all_to}
    own_ingress.set_traffic("40")
    assert own_ingress.report().refused is None


def test_a_running_envoy_keeps_its_split_when_such_a_state_comes(own_ingress: Ingress) -> None:
    own_ingress.start("v6", "v7", "agent", "envoy")
    own_ingress.set_traffic("40")
    own_ingress.commits.commit(AHEAD)
    report = own_ingress.wait_for(lambda r: r.refused)
    assert report.in_step
    assert report.running
    assert report.running.weights == {"v6": 600, "v7": 400}
    own_ingress.stop("agent", signal.SIGKILL)
    own_ingress.start("agent")
    eventually(own_ingress.report, within_s=20)
    report = own_ingress.wait_for(lambda r: r.refused and r.in_step)
    assert report.running
    assert report.running.weights == {"v6": 600, "v7": 400}


def test_the_agent_is_at_work_from_the_moment_that_envoy_can_start(own_ingress: Ingress) -> None:
    folder = own_ingress.routes_file.parent
    folder.rmdir()
    folder.write_text("in the way")
    own_ingress.start("agent")
    eventually(own_ingress.report, within_s=20)
    own_ingress.wait_for(lambda r: str(folder) in (r.error or ""))
    assert own_ingress.healthz() == (
        503,
        "no routes file has been written yet; /report tells why\n",
    )
    folder.unlink()
    eventually(lambda: _is_at_work(own_ingress), within_s=5)
    assert own_ingress.routes_file.exists()
    report = own_ingress.report()
    assert report.running is None  # there is no Envoy
    assert report.error
    assert "admin" in report.error


def test_whoever_sees_it_at_work_finds_the_routes_file(own_ingress: Ingress) -> None:
    own_ingress.start("agent")
    eventually(lambda: _is_at_work(own_ingress), within_s=20)
    assert own_ingress.routes_file.exists()


def _is_at_work(ingress: Ingress) -> None:
    assert ingress.healthz() == (200, "ok\n")
