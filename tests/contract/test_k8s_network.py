"""The network policies let through exactly the flows that there are.

Nothing here enforces them (the tests' cluster does not, either), so they are evaluated as
Kubernetes defines them: a pod that some policy selects gets what one of these policies allows.
"""

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fix_manifests import Rendered
from tests.manifests import EVERY, Object, Pod, Render, selects

each = pytest.mark.parametrize("name", EVERY)

# Who asks whom at which port, by component; "outside" is what is no pod of ours.
_INSIDE = {
    ("ingress", "model-server", 9000),
    ("model-server", "database", 5432),
    ("migration", "database", 5432),
    ("registry", "database", 5432),
    ("model-server", "model-store", 4566),
    ("registry", "model-store", 4566),
    ("registration", "model-store", 4566),
    ("registration", "registry", 5001),
}
_ALIAS = {("model-server", "registry", 5001)}
_OUT = {
    "host-services": {
        ("model-server", 4566),
        ("model-server", 5432),
        ("migration", 5432),
        ("ingress", 443),
    },
    "in-cluster-services": {("ingress", 443)},
    "external-services": {
        ("model-server", 443),
        ("model-server", 5432),
        ("migration", 5432),
        ("ingress", 443),
    },
}
_SERVICES = {
    "kind": "host-services",
    "staging": "in-cluster-services",
    "production": "external-services",
}
_ADDRESSES = ("10.244.3.7", "172.18.0.3", "203.0.113.9")


def component(pod: Pod) -> str:
    return pod.labels["app.kubernetes.io/component"]


def is_alias(pod: Pod) -> bool:
    return pod.owner == "Deployment/serving-api"


def policies(render: Render, pod: Pod, direction: str) -> list[Object]:
    return [
        one["spec"]
        for one in render.of("NetworkPolicy")
        if direction in one["spec"]["policyTypes"]
        and selects(one["spec"]["podSelector"], pod.labels)
    ]


def rules(render: Render, pod: Pod, direction: str, port: int) -> Iterator[list[Object] | None]:
    """Yield whom each rule about this port is for, None for everybody."""
    for spec in policies(render, pod, direction):
        for rule in spec.get(direction.lower(), []):
            if port in {one["port"] for one in rule["ports"] if one["protocol"] == "TCP"}:
                yield rule.get("to" if direction == "Egress" else "from")


def lets(render: Render, pod: Pod, direction: str, other: Pod, port: int) -> bool:
    """Tell whether a pod's policies let it send to, or hear from, another pod of its namespace."""
    return any(
        peers is None
        or any(
            "podSelector" in peer and selects(peer["podSelector"], other.labels) for peer in peers
        )
        for peers in rules(render, pod, direction, port)
    )


def wanted(source: Pod, target: Pod, port: int) -> bool:
    flow = (component(source), component(target), port)
    return flow in _INSIDE or (flow in _ALIAS and is_alias(source))


@each
def test_pods_reach_whom_they_need_and_nobody_else(name: str, rendered: Rendered) -> None:
    render = rendered(name)
    for source in render.pods():
        for target in render.pods():
            for one in target.containers:
                for port in (listed["containerPort"] for listed in one.get("ports", [])):
                    reaches = lets(render, source, "Egress", target, port) and lets(
                        render, target, "Ingress", source, port
                    )
                    flow = f"{source.owner} to {target.owner}:{port}"
                    assert reaches == wanted(source, target, port), flow


@each
def test_only_these_leave_the_cluster(name: str, rendered: Rendered) -> None:
    render = rendered(name)
    (services,) = (one for one in _OUT if one in name or one == _SERVICES.get(name))
    registry = {"host-services": 5001, "external-services": 443}.get(services)
    for pod in render.pods():
        for port in (443, 4566, 5001, 5432):
            leaves = any(peers is None for peers in rules(render, pod, "Egress", port))
            expected = (component(pod), port) in _OUT[services] or (
                is_alias(pod) and port == registry
            )
            assert leaves == expected, f"{pod.owner}:{port}"


@each
def test_everybody_starts_with_nothing_but_dns(name: str, rendered: Rendered) -> None:
    nobody = rendered(name).one("NetworkPolicy", "nobody-to-nobody")["spec"]
    assert nobody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    dns = rendered(name).one("NetworkPolicy", "all-to-dns")["spec"]
    assert dns["podSelector"] == {}
    (rule,) = dns["egress"]
    assert {(one["protocol"], one["port"]) for one in rule["ports"]} == {("UDP", 53), ("TCP", 53)}


def test_callers_and_askers_and_monitoring_reach_envoy(rendered: Rendered) -> None:
    render = rendered("production")
    envoy = render.pod("Deployment/serving-ingress")
    assert None in list(rules(render, envoy, "Ingress", 8080))
    (monitoring,) = rules(render, envoy, "Ingress", 9902)
    namespace = {"kubernetes.io/metadata.name": "monitoring"}
    assert monitoring == [{"namespaceSelector": {"matchLabels": namespace}}]
    for server in ("Deployment/serving-api-v6", "Deployment/serving-api-v7"):
        assert list(rules(render, render.pod(server), "Ingress", 9464)) == [monitoring]
    askers = [peer for peers in rules(render, envoy, "Ingress", 9903) for peer in peers or []]
    labels = {"weighbridge.dev/asks-agents": "true"}
    assert {"namespaceSelector": {}, "podSelector": {"matchLabels": labels}} in askers


def test_the_api_server_reaches_agents_from_private_networks(rendered: Rendered) -> None:
    render = rendered("production")
    envoy = render.pod("Deployment/serving-ingress")
    peers = [peer for peers in rules(render, envoy, "Ingress", 9903) for peer in peers or []]
    blocks = [ipaddress.ip_network(peer["ipBlock"]["cidr"]) for peer in peers if "ipBlock" in peer]
    reaching = [
        address
        for address in _ADDRESSES
        if any(ipaddress.ip_address(address) in block for block in blocks)
    ]
    assert reaching == list(_ADDRESSES[:2])


@pytest.mark.parametrize("services", _OUT)
def test_each_policy_is_about_some_pod(services: str, rendered: Rendered) -> None:
    render = rendered(f"alias+{services}")
    for one in render.of("NetworkPolicy"):
        chosen: list[Any] = [
            pod for pod in render.pods() if selects(one["spec"]["podSelector"], pod.labels)
        ]
        assert chosen, one["metadata"]["name"]
