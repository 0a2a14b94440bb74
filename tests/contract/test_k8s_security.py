"""No pod of any environment may do more than it has to."""

from collections.abc import Iterator

import pytest

from tests.fix_manifests import Rendered
from tests.manifests import EVERY, OVERLAYS, Object, Pod, container

each = pytest.mark.parametrize("name", EVERY)


def containers(rendered: Rendered, name: str) -> Iterator[tuple[str, Object]]:
    for pod in rendered(name).pods():
        for one in pod.containers:
            yield f"{pod.owner}/{one['name']}", one


@each
def test_containers_are_closed(name: str, rendered: Rendered) -> None:
    for what, one in containers(rendered, name):
        context = one["securityContext"]
        assert context["readOnlyRootFilesystem"] is True, what
        assert context["allowPrivilegeEscalation"] is False, what
        assert context["capabilities"] == {"drop": ["ALL"]}, what


@each
def test_nobody_is_root(name: str, rendered: Rendered) -> None:
    for pod in rendered(name).pods():
        context = pod.spec["securityContext"]
        assert context["runAsNonRoot"] is True, pod.owner
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, pod.owner
        for one in pod.containers:
            user = one["securityContext"].get("runAsUser", context.get("runAsUser"))
            assert user in {65532, 101}, f"{pod.owner}/{one['name']}"
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.spec.keys(), pod.owner
        assert not [one for one in pod.spec.get("volumes", []) if "hostPath" in one], pod.owner


@each
def test_containers_have_requests_and_limits(name: str, rendered: Rendered) -> None:
    for what, one in containers(rendered, name):
        for kind in ("requests", "limits"):
            assert {"cpu", "memory"} <= one["resources"][kind].keys(), what


@each
def test_every_container_that_listens_is_probed(name: str, rendered: Rendered) -> None:
    for what, one in containers(rendered, name):
        probes = {key for key in one if key.endswith("Probe")}
        if not one.get("ports"):
            assert not probes, what
        elif what.endswith("/agent"):  # its pod is ready when Envoy is
            assert probes == {"startupProbe", "livenessProbe"}, what
        else:
            assert probes == {"startupProbe", "readinessProbe", "livenessProbe"}, what


@each
def test_the_reason_of_an_end_stands_in_the_pod(name: str, rendered: Rendered) -> None:
    for what, one in containers(rendered, name):
        assert one["terminationMessagePolicy"] == "FallbackToLogsOnError", what


@each
def test_the_agent_alone_has_a_token(name: str, rendered: Rendered) -> None:
    for pod in rendered(name).pods():
        assert pod.spec["automountServiceAccountToken"] is False, pod.owner
        assert pod.spec["enableServiceLinks"] is False, pod.owner
        tokens = {one["name"] for one in pod.spec.get("volumes", []) if "projected" in one}
        holders = {one["name"] for one in pod.containers if tokens & set(mounts(one))}
        assert holders == ({"agent"} if pod.owner == "Deployment/serving-ingress" else set())


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_agent_may_watch_one_configmap(overlay: str, rendered: Rendered) -> None:
    (role,) = rendered(overlay).of("Role")
    (binding,) = rendered(overlay).of("RoleBinding")
    (namespace,) = rendered(overlay).names("Namespace")
    assert role["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "resourceNames": ["traffic"],
            "verbs": ["get", "list", "watch"],
        }
    ]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    account = {"kind": "ServiceAccount", "name": "serving-ingress", "namespace": namespace}
    assert binding["subjects"] == [account]


@each
def test_the_namespace_takes_closed_pods_only(name: str, rendered: Rendered) -> None:
    (namespace,) = rendered(name).of("Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@each
def test_no_secret_stands_in_git(name: str, rendered: Rendered) -> None:
    assert not rendered(name).of("Secret")


def test_pods_spread_over_nodes_and_zones(rendered: Rendered) -> None:
    for pod in serving_pods(rendered):
        spread = pod.spec["topologySpreadConstraints"]
        keys = [one["topologyKey"] for one in spread]
        assert keys == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"], pod.owner
        for one in spread:
            assert one["whenUnsatisfiable"] == "ScheduleAnyway"
            assert one["labelSelector"]["matchLabels"].items() <= pod.labels.items()


def test_updates_take_no_pod_away_first(rendered: Rendered) -> None:
    for one in rendered("production").of("Deployment"):
        update = one["spec"]["strategy"]["rollingUpdate"]
        assert update == {"maxSurge": 1, "maxUnavailable": 0}
        assert one["spec"]["minReadySeconds"] >= 5


def test_a_pod_has_the_time_that_its_end_takes(rendered: Rendered) -> None:
    pod = rendered("production").pod("Deployment/serving-api-v7")
    server = {one["name"]: one.get("value") for one in container(pod, "server")["env"]}
    shipper = {one["name"]: one.get("value") for one in container(pod, "shipper")["env"]}
    needed_s = sum(
        float(value)
        for value in (
            server["WEIGHBRIDGE_DRAIN_WAIT_S"],
            server["WEIGHBRIDGE_STOP_LIMIT_S"],
            shipper["WEIGHBRIDGE_DRAIN_S"],
        )
    )
    assert pod.spec["terminationGracePeriodSeconds"] >= needed_s + 5
    assert container(pod, "shipper")["restartPolicy"] == "Always", "it has to outlive the server"


def test_envoy_s_pod_waits_for_its_calls(rendered: Rendered) -> None:
    pod = rendered("production").pod("Deployment/serving-ingress")
    command = container(pod, "envoy")["lifecycle"]["preStop"]["exec"]["command"]
    limit_s = int(command[-1])
    assert limit_s > 60, "the longest call"
    assert pod.spec["terminationGracePeriodSeconds"] >= limit_s + 10


def serving_pods(rendered: Rendered) -> Iterator[Pod]:
    for pod in rendered("production").pods():
        if pod.owner.startswith("Deployment/"):
            yield pod


def mounts(one: Object) -> list[str]:
    return [mount["name"] for mount in one.get("volumeMounts", [])]
