"""A version that dies or freezes under load loses no call."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.ingress import keep_calling

if TYPE_CHECKING:
    from tests.ingress import Ingress


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
def test_a_lost_canary_at_half_the_traffic_loses_no_call(
    fault: signal.Signals, own_ingress: Ingress
) -> None:
    own_ingress.start("v6", "v7", "agent", "envoy")
    own_ingress.set_traffic("50")
    own_ingress.wait_until_healthy()
    before = keep_calling(own_ingress, seconds=1, rate=300)
    with ThreadPoolExecutor(1) as background:
        load = background.submit(keep_calling, own_ingress, 5, 300)
        own_ingress.processes["v7"].send_signal(fault)
        answers = load.result()
    assert {answer.version for answer in before} == {"v6", "v7"}
    failed = [answer for answer in (*before, *answers) if answer.code.name != "OK"]
    assert not failed, failed[:3]
    assert len(answers) == 1500
    # Those routed to the canary say so, and say that the stable version answered.
    fallen_back = [answer for answer in answers if answer.received["x-routed-version"] == "v7"]
    assert fallen_back
    assert {answer.returned["x-routed-version"] for answer in fallen_back} == {"v7"}
    assert {answer.returned["x-served-by-version"] for answer in fallen_back[-20:]} == {"v6"}
    assert {answer.version for answer in answers[-50:]} == {"v6"}
