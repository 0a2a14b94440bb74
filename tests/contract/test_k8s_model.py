"""How a model server learns which model to serve, and where it keeps the bytes."""

import pytest

from tests.fix_manifests import Rendered
from tests.manifests import COMBINATIONS, EVERY, Object, Pod, Render, container

_CACHE = "WEIGHBRIDGE_MODEL_CACHE_DIR"
_CONFIG = "WEIGHBRIDGE_MODEL_CONFIG_DIR"
_CLAIM = {"claimName": "model-cache"}

each = pytest.mark.parametrize("name", EVERY)
each_with_alias = pytest.mark.parametrize("name", [one for one in COMBINATIONS if "alias" in one])


def servers(render: Render) -> list[Pod]:
    label, server = "app.kubernetes.io/component", "model-server"
    return [pod for pod in render.pods() if pod.labels.get(label) == server]


def mounted_where(pod: Pod, variable: str) -> tuple[Object, Object]:
    """Return the mount, and its volume, of the folder that a variable of the server names."""
    server = container(pod, "server")
    (path,) = (one["value"] for one in server["env"] if one["name"] == variable)
    (mount,) = (one for one in server["volumeMounts"] if one["mountPath"] == path)
    (volume,) = (one for one in pod.spec["volumes"] if one["name"] == mount["name"])
    return mount, volume


def variables(pod: Pod) -> set[str]:
    return {one["name"] for one in container(pod, "server")["env"]}


def configmaps(pod: Pod) -> set[str]:
    """Return the ConfigMaps whose keys become variables of the server."""
    sources = container(pod, "server")["envFrom"]
    return {one["configMapRef"]["name"] for one in sources if "configMapRef" in one}


@each
def test_verified_copies_are_shared_where_that_is_chosen(name: str, rendered: Rendered) -> None:
    shared = "model-cache" in name.split("+")
    pods = servers(rendered(name))
    assert len(pods) == 2 + ("alias" in name.split("+"))
    for pod in pods:
        _, volume = mounted_where(pod, _CACHE)
        own = {"emptyDir": {"sizeLimit": "1Gi"}}
        wanted = {"persistentVolumeClaim": _CLAIM} if shared else own
        assert volume == {"name": volume["name"], **wanted}, pod.owner


@each
def test_a_claim_is_there_and_its_users_may_write(name: str, rendered: Rendered) -> None:
    render = rendered(name)
    for pod in render.pods():
        claimed = [one for one in pod.spec.get("volumes", []) if "persistentVolumeClaim" in one]
        for one in claimed:
            claim = one["persistentVolumeClaim"]["claimName"]
            assert claim in render.names("PersistentVolumeClaim"), pod.owner
        if claimed:
            context = pod.spec["securityContext"]
            assert context["fsGroup"] == context["runAsGroup"], pod.owner
    for one in render.of("PersistentVolumeClaim"):
        assert one["spec"]["accessModes"] == ["ReadWriteMany"]
        assert "storageClassName" not in one["spec"], "the cluster's default"


@each_with_alias
def test_what_an_alias_server_follows_is_mounted_as_a_folder(name: str, rendered: Rendered) -> None:
    pod = rendered(name).pod("Deployment/serving-api")
    mount, volume = mounted_where(pod, _CONFIG)
    assert not {"subPath", "subPathExpr"} & mount.keys(), "the kubelet would never update it"
    assert volume["configMap"] == {"name": "model-config"}
    assert set(rendered(name).one("ConfigMap", "model-config")["data"]) == {
        "MODEL_NAME",
        "MODEL_ALIAS",
    }


@each_with_alias
def test_nothing_that_it_follows_is_frozen_in_a_variable(name: str, rendered: Rendered) -> None:
    pod = rendered(name).pod("Deployment/serving-api")
    assert not [one for one in variables(pod) if one.startswith("MODEL_")]
    assert "model-config" not in configmaps(pod)


@each
def test_versions_behind_envoy_have_a_pin_and_follow_nothing(name: str, rendered: Rendered) -> None:
    for pod in servers(rendered(name)):
        if version := pod.labels.get("weighbridge.dev/version"):
            assert f"model-{version}" in configmaps(pod)
            assert _CONFIG not in variables(pod)


@each
def test_a_pod_gets_calls_as_soon_as_it_serves_whatever_model(
    name: str, rendered: Rendered
) -> None:
    for pod in servers(rendered(name)):
        for probe in ("startupProbe", "readinessProbe"):
            asked = container(pod, "server")[probe]["grpc"]
            assert asked["service"] == "inference.GRPCInferenceService", pod.owner


@each
def test_metrics_are_where_the_annotations_say(name: str, rendered: Rendered) -> None:
    for pod in servers(rendered(name)):
        server = container(pod, "server")
        (port,) = (one["containerPort"] for one in server["ports"] if one["name"] == "metrics")
        (listen,) = (
            one["value"] for one in server["env"] if one["name"] == "WEIGHBRIDGE_METRICS_LISTEN"
        )
        assert listen == f"0.0.0.0:{port}", pod.owner
        told = {"scrape": "true", "port": str(port), "path": "/metrics"}
        assert pod.annotations == {f"prometheus.io/{key}": one for key, one in told.items()}
