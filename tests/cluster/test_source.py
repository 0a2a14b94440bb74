"""An agent that watches its ConfigMap through a real API server, with a pod's rights."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.cluster.figures import note_times
from tests.cluster.kubectl import Kubectl
from tests.counting import eventually
from tests.mounted import Mounted, split, write_kubeconfig
from tests.relay import Relay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fix_ports import HeldPorts
    from tests.ingress import Ingress

ACCOUNT = "serving-ingress"
MAY = ("--verb=get,list,watch", "--resource=configmaps", "--resource-name=traffic")


@pytest.fixture
def kubectl(kubeconfig: Path, namespace: str) -> Kubectl:
    """The cluster, as its administrator."""
    kubectl = Kubectl(kubeconfig, namespace)
    kubectl.run("create", "serviceaccount", ACCOUNT)
    kubectl.run("create", "role", ACCOUNT, *MAY)
    put(kubectl, split("10"))
    return kubectl


@pytest.fixture
def network(
    kubectl: Kubectl, own_ingress: Ingress, tmp_path: Path, held_ports: HeldPorts
) -> Iterator[Relay]:
    """The way from the agent to the API server; the agent has a mount at 40 %."""
    mounted = Mounted(tmp_path / "mount")
    mounted.write(split("40"))
    view = ("config", "view", "--minify", "--flatten", "--output=json")
    cluster = json.loads(kubectl.run(*view))["clusters"][0]["cluster"]
    host, _, port = cluster["server"].removeprefix("https://").partition(":")
    if host != "127.0.0.1":
        pytest.skip("its certificate would not fit the address of a relay on this machine")
    relay = Relay(held_ports(), int(port))
    token = kubectl.run("create", "token", ACCOUNT)
    near = {**cluster, "server": f"https://127.0.0.1:{relay.port}"}
    own = write_kubeconfig(tmp_path / "kubeconfig", near, token, kubectl.namespace)
    own_ingress.follow_configmap(mounted.folder, own)
    yield relay
    own_ingress.stop_all()
    relay.hang_up()


def allow(kubectl: Kubectl) -> None:
    account = f"--serviceaccount={kubectl.namespace}:{ACCOUNT}"
    kubectl.run("create", "rolebinding", ACCOUNT, f"--role={ACCOUNT}", account)


def rules(*verbs: str) -> dict[str, object]:
    rule = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["traffic"]}
    return {"rules": [{**rule, "verbs": verbs}]}


def put(kubectl: Kubectl, data: dict[str, str]) -> None:
    configmap = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "traffic"}}
    kubectl.run("apply", "--filename=-", given=json.dumps({**configmap, "data": data}))


def wants(ingress: Ingress, percent: str, within_s: float = 10) -> str:
    """Wait until the agent wants a split; return where it has it from."""
    report = ingress.wait_for(
        lambda r: r.wanted and r.wanted.traffic["canary-percent"] == percent, within_s
    )
    assert report.wanted
    return report.wanted.source


def test_a_change_is_followed_at_once_whatever_becomes_of_the_configmap(
    kubectl: Kubectl, network: Relay, own_ingress: Ingress
) -> None:
    allow(kubectl)
    own_ingress.start("v6", "v7", "agent", "envoy")
    eventually(own_ingress.report, within_s=20)
    version = kubectl.get("configmap", "traffic")["metadata"]["resourceVersion"]
    name = f"configmap/{kubectl.namespace}/traffic"
    assert wants(own_ingress, "10") == f"{name}@{version}"
    waits = []
    for percent in ("11", "12", "13", "14", "15"):
        kubectl.patch("configmap", "traffic", {"data": {"canary-percent": percent}})
        patched = time.monotonic()
        own_ingress.wait_for(
            lambda r, share=int(percent) * 10: r.in_step and r.running.weights["v7"] == share  # type: ignore[misc]
        )
        waits.append(time.monotonic() - patched)
    note_times("patch -> Envoy confirms it, by the agent's watch", waits)

    kubectl.run("delete", "configmap", "traffic")
    report = own_ingress.wait_for(lambda r: r.refused)
    assert report.refused
    assert report.refused.problems[0].startswith(f"{name}:1: missing-file: there is no ConfigMap")
    assert report.in_step
    put(kubectl, split("16", canary="v9"))
    report = own_ingress.wait_for(lambda r: r.refused and "v9" in r.refused.problems[0])
    assert report.refused
    assert report.refused.problems[0].startswith(f"{name}:7: unknown-version")
    put(kubectl, split("17"))
    wants(own_ingress, "17")
    assert own_ingress.report().refused is None


def test_what_the_api_server_forbids_is_told_with_the_rights_that_lack(
    kubectl: Kubectl, network: Relay, own_ingress: Ingress
) -> None:
    own_ingress.start("agent")
    eventually(own_ingress.report, within_s=20)
    assert "@mount-" in wants(own_ingress, "40")
    report = own_ingress.wait_for(lambda r: "forbids" in (r.error or ""))
    assert report.error
    who = f'User "system:serviceaccount:{kubectl.namespace}:{ACCOUNT}"'
    assert f'configmaps "traffic" is forbidden: {who} cannot list' in report.error
    assert "a Role with get, list and watch on configmaps, resourceNames [traffic]" in report.error
    allow(kubectl)
    assert "@mount-" not in wants(own_ingress, "10", within_s=15)
    own_ingress.wait_for(lambda r: "not watched" not in (r.error or ""))


def test_a_role_without_watch_is_told_since_when_and_mended_without_a_restart(
    kubectl: Kubectl, network: Relay, own_ingress: Ingress
) -> None:
    kubectl.patch("role", ACCOUNT, rules("get", "list"))
    allow(kubectl)
    own_ingress.start("agent")
    eventually(own_ingress.report, within_s=20)
    assert "@mount-" not in wants(own_ingress, "10")
    report = own_ingress.wait_for(lambda r: "watch=true" in (r.error or ""))
    assert report.error
    assert "a Role with get, list and watch on configmaps" in report.error
    put(kubectl, split("11"))
    wants(own_ingress, "11")  # by the list of the next try
    since = report.error.partition(": ")[0]
    assert (own_ingress.report().error or "").startswith(since)
    kubectl.patch("role", ACCOUNT, rules("get", "list", "watch"))
    own_ingress.wait_for(lambda r: "not watched" not in (r.error or ""), within_s=15)


def test_an_api_server_that_goes_or_falls_silent_changes_nothing_until_it_is_back(
    kubectl: Kubectl, network: Relay, own_ingress: Ingress
) -> None:
    allow(kubectl)
    own_ingress.start("agent")
    eventually(own_ingress.report, within_s=20)
    wants(own_ingress, "10")
    network.hang_up()
    report = own_ingress.wait_for(lambda r: "is not watched since" in (r.error or ""))
    assert report.error
    assert "traffic stays as it is" in report.error
    put(kubectl, split("20"))
    assert "@mount-" not in wants(own_ingress, "10")  # the mounted copy is the older one by now
    network.listen()
    wants(own_ingress, "20", within_s=15)
    own_ingress.wait_for(lambda r: "not watched" not in (r.error or ""))

    network.freeze(True)
    put(kubectl, split("30"))
    own_ingress.wait_for(lambda r: "timed out" in (r.error or ""), within_s=40)
    assert own_ingress.healthz() == (200, "ok\n")
    network.freeze(False)
    wants(own_ingress, "30", within_s=15)
    own_ingress.wait_for(lambda r: "not watched" not in (r.error or ""))
