"""A call leaves its version only when the version has no healthy pod left."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.counting import eventually
from tests.load import load
from tests.name_server import NameServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ingress import Ingress
    from tests.load import Counted

    Row = dict[str, object]

V6, V7 = "serving-api-v6", "serving-api-v7"
HOSTS = {"v7": "127.0.0.1", "v7-2": "127.0.0.2", "v7-3": "127.0.0.3"}


@pytest.fixture
def pods(own_ingress: Ingress) -> Ingress:
    """An ingress with three servers of v7; nothing runs yet, and Envoy has their addresses."""
    own_ingress.pods |= {name: f"{ip}:{own_ingress.ports['v7']}" for name, ip in HOSTS.items()}
    return own_ingress


@pytest.fixture
def names(pods: Ingress) -> Iterator[NameServer]:
    """The same, but Envoy asks for them by name, as in a cluster."""
    with NameServer({V6: ["127.0.0.1"], V7: list(HOSTS.values())}) as server:
        pods.name_server = server.port
        yield server


def start(ingress: Ingress, *servers: str) -> None:
    ingress.start("v6", *servers, "agent", "envoy")
    ingress.set_traffic("50")
    ingress.wait_until_healthy("v6")
    wait_for_pods(ingress, healthy=len(servers), known=len(servers))


def wait_for_pods(ingress: Ingress, *, healthy: int, known: int) -> None:
    """Wait until Envoy sees so many pods of v7."""

    def check() -> None:
        seen = [ingress.counter(f"cluster.{V7}.membership_{what}") for what in ("healthy", "total")]
        assert seen == [healthy, known]

    eventually(check, within_s=20)


def served_of_v7(ingress: Ingress, calls: int = 600) -> set[str]:
    """Call, and return who served those that were routed to v7; no call may be lost."""
    answers = ingress.predict(calls)
    assert {answer.code.name for answer in answers} == {"OK"}
    routed = [one.returned for one in answers if one.returned["x-routed-version"] == "v7"]
    assert len(routed) > calls / 3
    return {returned["x-served-by-version"] for returned in routed}


def assert_none_lost_or_moved(counted: Counted) -> None:
    assert not counted.errors, counted.errors[:3]
    assert counted.calls > 100
    moved = [one for one in counted.predictions if one.fell_back]
    assert not moved, f"{len(moved)} of {counted.calls}"
    assert set(counted.versions) == {"v6", "v7"}


@pytest.mark.parametrize("found", ["pods", "names"])
def test_one_healthy_pod_keeps_every_call_and_without_one_all_go_and_none_is_lost(
    found: str, pods: Ingress, shipment_values: Row, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(found)
    start(pods, *HOSTS)
    for dead, name in enumerate(["v7", "v7-2"], start=1):
        pods.stop(name, signal.SIGKILL)
        wait_for_pods(pods, healthy=3 - dead, known=3)
        assert served_of_v7(pods) == {"v7"}
    with load(pods.target, [shipment_values], rate=200) as counted:
        eventually(lambda: _has_made(counted, 100), within_s=10)
        pods.stop("v7-3", signal.SIGKILL)
        wait_for_pods(pods, healthy=0, known=3)
        assert served_of_v7(pods) == {"v6"}
    assert not counted.errors, counted.errors[:3]
    assert any(one.fell_back for one in counted.predictions)


def test_a_pod_that_is_known_before_it_is_healthy_moves_no_call(
    names: NameServer, pods: Ingress, shipment_values: Row
) -> None:
    names.hosts[V7] = [HOSTS["v7"]]
    start(pods, "v7")
    with load(pods.target, [shipment_values], rate=150) as counted:
        names.hosts[V7] = list(HOSTS.values())  # nobody listens at the two others yet
        wait_for_pods(pods, healthy=1, known=3)
        assert served_of_v7(pods) == {"v7"}
        pods.start("v7-2", "v7-3")
        wait_for_pods(pods, healthy=3, known=3)
    assert_none_lost_or_moved(counted)


def test_a_rolling_update_moves_no_call(
    names: NameServer, pods: Ingress, shipment_values: Row
) -> None:
    names.hosts[V7] = [HOSTS["v7"]]
    start(pods, "v7")
    with load(pods.target, [shipment_values], rate=150) as counted:
        pods.start("v7-2")
        names.hosts[V7] = [HOSTS["v7"], HOSTS["v7-2"]]
        wait_for_pods(pods, healthy=2, known=2)
        # It says NOT_SERVING and still answers, while DNS still names it ...
        pods.processes["v7"].send_signal(signal.SIGUSR1)
        wait_for_pods(pods, healthy=1, known=2)
        assert served_of_v7(pods) == {"v7"}
        names.hosts[V7] = [HOSTS["v7-2"]]
        wait_for_pods(pods, healthy=1, known=1)
        pods.stop("v7")
        # ... or DNS names it no more, while it still says SERVING.
        pods.start("v7-3")
        names.hosts[V7] = [HOSTS["v7-2"], HOSTS["v7-3"]]
        wait_for_pods(pods, healthy=2, known=2)
        names.hosts[V7] = [HOSTS["v7-3"]]
        wait_for_pods(pods, healthy=1, known=1)
        pods.stop("v7-2")
        assert served_of_v7(pods) == {"v7"}
    assert_none_lost_or_moved(counted)


def _has_made(counted: Counted, calls: int) -> None:
    assert counted.calls >= calls
