"""What goes wrong on a bad day, and that no call notices."""

import os
import signal
from pathlib import Path

from tests.counting import assert_share, eventually
from tests.fix_stack import Stack
from tests.load import load, send
from tests.traffic_commits import TrafficCommits, traffic_file

Rows = list[dict[str, object]]


def test_a_hand_edited_live_state_is_undone(stack: Stack, rows: Rows, target: str) -> None:
    stack.rollout("set", "0")
    routes = Path(stack.home, "envoy", "dynamic", "routes.yaml")
    good = routes.read_text()
    edited = good.replace('"weight": 1000', '"weight": 1').replace('"weight": 0', '"weight": 999')
    assert edited != good

    # By rename, as editors do: Envoy reads such an edit at once.
    trial = routes.with_suffix(".edit")
    trial.write_text(edited)
    trial.rename(routes)

    def is_undone() -> None:
        assert routes.read_text() == good
        assert send(target, rows[:50]).versions == {"v6": 50}

    eventually(is_undone, within_s=10)


def test_a_broken_traffic_file_is_refused_and_traffic_goes_on(
    stack: Stack, rows: Rows, target: str
) -> None:
    stack.rollout("set", "50")
    commits = TrafficCommits(stack.environment)
    commit = commits.commit(traffic_file("fifty"))

    def is_shown() -> None:
        shown = stack.weighbridge("rollout", "status")
        assert "canary-percent" in shown.stdout
        assert commit[:7] in shown.stdout
        assert shown.returncode != 0

    eventually(is_shown, within_s=10)
    counted = send(target, rows[:400])
    assert not counted.errors
    assert_share(counted.versions["v7"], 400, 0.5)

    commits.commit(traffic_file("10"), "Mend the traffic file")

    def is_mended() -> None:
        assert stack.weighbridge("rollout", "status").returncode == 0

    eventually(is_mended, within_s=10)


def test_no_call_fails_when_v7_is_killed_at_half_the_traffic(
    stack: Stack, rows: Rows, target: str
) -> None:
    stack.rollout("set", "50")
    with load(target, rows, rate=300) as counted:

        def both_serve() -> None:
            assert counted.versions["v7"] > 50

        eventually(both_serve, within_s=10)
        os.kill(stack.pid("server-v7"), signal.SIGKILL)
        before = counted.calls

        def went_on() -> None:
            assert counted.calls > before + 600

        eventually(went_on, within_s=20)
    assert not counted.errors
    assert counted.versions["v6"] > counted.versions["v7"]

    assert stack.status()["server-v7"]["state"] == "died"
    started_again = stack.make("up")
    assert started_again.returncode == 0, started_again.stdout
    assert stack.status()["server-v7"]["state"] == "running"

    def v7_serves_again() -> None:
        assert send(target, rows[:50]).versions["v7"] > 5

    eventually(v7_serves_again, within_s=10)
