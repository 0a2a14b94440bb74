"""What dies or is replaced on a cluster, under load, and that no call notices."""

import os
import signal

from tests.cluster.environment import ClusterEnvironment
from tests.cluster.processes import processes_of_pods
from tests.counting import eventually

_SERVER = "weighbridge_server"


def test_all_v7_servers_are_killed(kind: ClusterEnvironment) -> None:
    kind.set("50")
    with kind.under_load() as counted:
        for pid in processes_of_pods(uids(kind, "v7"), _SERVER):
            os.kill(pid, signal.SIGKILL)
    kind.assert_none_lost(counted, "kill -9 of all v7 servers at 50 %")
    kind.assert_all_logged(counted)
    assert_v7_serves_again(kind)


def test_all_v7_pods_are_deleted(kind: ClusterEnvironment) -> None:
    kind.set("50")
    with kind.under_load() as counted:
        kind.kubectl.run("delete", "pod", "--selector=weighbridge.dev/version=v7", "--wait=false")
    kind.assert_none_lost(counted, "all v7 pods deleted at 50 %")
    kind.assert_all_logged(counted)
    assert_v7_serves_again(kind)


def test_all_v7_servers_freeze(kind: ClusterEnvironment) -> None:
    kind.set("50")
    frozen = processes_of_pods(uids(kind, "v7"), _SERVER)
    with kind.under_load() as counted:
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
    kind.assert_none_lost(counted, "SIGSTOP of all v7 servers at 50 %")
    kind.assert_all_logged(counted)

    # Nobody lets them go on: the kubelet's liveness probe ends them and starts others.
    assert_v7_serves_again(kind, within_s=90)


def test_a_rolling_update_of_the_servers(kind: ClusterEnvironment) -> None:
    kind.set("50")
    with kind.under_load(calls=6_000) as counted:
        for version in ("v6", "v7"):
            kind.kubectl.run("rollout", "restart", f"deployment/serving-api-{version}")
        for version in ("v6", "v7"):
            kind.kubectl.rolled_out(f"serving-api-{version}")
    kind.assert_none_lost(counted, "rolling update of both versions' servers")
    kind.assert_all_logged(counted)


def test_a_rolling_update_of_envoy(kind: ClusterEnvironment) -> None:
    kind.set("50")
    before = kind.envoys()
    with kind.under_load(calls=6_000) as counted:
        kind.kubectl.run("rollout", "restart", "deployment/serving-ingress")
        kind.kubectl.rolled_out("serving-ingress")
    kind.assert_none_lost(counted, "rolling update of Envoy")
    kind.assert_all_logged(counted)
    assert not before & kind.envoys()


def uids(kind: ClusterEnvironment, version: str) -> list[str]:
    return [pod["metadata"]["uid"] for pod in kind.pods(version)]


def assert_v7_serves_again(kind: ClusterEnvironment, within_s: float = 60) -> None:
    def serves() -> None:
        assert kind.send(40).versions["v7"] > 5

    eventually(serves, within_s)
