"""Everything at once, for a long time. Run by `make soak`, never by CI."""

import os
import random
import signal
import time
from collections import Counter

import pytest

from tests.counting import eventually
from tests.e2e.test_log import calls_by_version
from tests.fix_stack import Stack
from tests.load import load
from tests.traffic_commits import TrafficCommits, traffic_file

Rows = list[dict[str, object]]

DURATION_S = float(os.environ.get("WEIGHBRIDGE_SOAK_S", "900"))


@pytest.mark.soak
@pytest.mark.timeout(DURATION_S + 300)
def test_nothing_is_lost_while_splits_change_and_servers_die(
    stack: Stack, rows: Rows, target: str
) -> None:
    chance = random.Random(7)
    commits = TrafficCommits(stack.environment)
    before = calls_by_version(stack)
    end = time.monotonic() + DURATION_S
    with load(target, rows, rate=150, limit_s=DURATION_S + 120) as counted:
        while time.monotonic() < end:
            commits.commit(traffic_file(str(chance.choice([1, 10, 25, 50, 75, 100]))))
            # One version at a time: with both gone there is nobody to answer.
            victim = chance.choice(["server-v6", "server-v7", "agent", "shipper"])
            os.kill(stack.pid(victim), signal.SIGKILL)
            assert stack.make("up").returncode == 0
    said = Counter((error.routed_version, error.details) for error in counted.errors)
    assert not counted.errors, f"{len(counted.errors)} of {counted.calls} calls: {said}"

    def every_call_is_a_row() -> None:
        assert (calls_by_version(stack) - before).total() == counted.calls

    eventually(every_call_is_a_row, within_s=30)
