"""What an object names is there: in the same rendering, or as a Secret that the README makes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.fix_manifests import Rendered
from tests.manifests import EVERY, OVERLAYS, Object, Pod, Render, container, selects

each = pytest.mark.parametrize("name", EVERY)
_OF_EVERY_NAMESPACE = {"kube-root-ca.crt"}


def secrets(pod: Pod) -> Iterator[tuple[str, str | None]]:
    """Yield each Secret that a pod names, with the key it wants, None for all."""
    for one in pod.containers:
        for source in one.get("envFrom", []):
            if "secretRef" in source:
                yield source["secretRef"]["name"], None
        for variable in one.get("env", []):
            if chosen := variable.get("valueFrom", {}).get("secretKeyRef"):
                yield chosen["name"], chosen["key"]


def configmaps(pod: Pod) -> Iterator[str]:
    for one in pod.containers:
        for source in one.get("envFrom", []):
            if "configMapRef" in source:
                yield source["configMapRef"]["name"]
    for volume in pod.spec.get("volumes", []):
        sources = [volume, *volume.get("projected", {}).get("sources", [])]
        yield from (source["configMap"]["name"] for source in sources if "configMap" in source)


@each
def test_configmaps_are_there(name: str, rendered: Rendered) -> None:
    known = rendered(name).names("ConfigMap") | _OF_EVERY_NAMESPACE
    for pod in rendered(name).pods():
        assert set(configmaps(pod)) <= known, pod.owner


@each
def test_service_accounts_are_there(name: str, rendered: Rendered) -> None:
    for pod in rendered(name).pods():
        assert pod.spec["serviceAccountName"] in rendered(name).names("ServiceAccount")


@each
def test_mounts_have_volumes_and_volumes_mounts(name: str, rendered: Rendered) -> None:
    for pod in rendered(name).pods():
        volumes = {one["name"] for one in pod.spec.get("volumes", [])}
        if pod.owner.startswith("StatefulSet/"):
            volumes |= {"data"}
        mounted = {m["name"] for one in pod.containers for m in one.get("volumeMounts", [])}
        assert mounted == volumes, pod.owner


@each
def test_secrets_are_explained_with_the_command_that_makes_them(
    name: str, rendered: Rendered, project: Path
) -> None:
    readme = (project / "k8s" / "README.md").read_text()
    for pod in rendered(name).pods():
        for secret, key in secrets(pod):
            made = re.search(rf"create secret generic {secret} ((?:.*\\\n)*.+)", readme)
            assert made, f"k8s/README.md does not make Secret {secret} for {pod.owner}"
            assert key is None or f"--from-literal={key}=" in made.group(1), (secret, key)


@each
def test_services_find_pods_and_their_ports(name: str, rendered: Rendered) -> None:
    for service in rendered(name).of("Service"):
        what = service["metadata"]["name"]
        chosen = pods_of(rendered(name), {"matchLabels": service["spec"]["selector"]})
        assert len(chosen) == 1, what
        ports = {one["name"] for port in chosen[0].containers for one in port.get("ports", [])}
        assert {one["targetPort"] for one in service["spec"]["ports"]} <= ports, what


@each
def test_budgets_and_autoscalers_find_their_deployment(name: str, rendered: Rendered) -> None:
    deployments = rendered(name).names("Deployment")
    for one in rendered(name).of("PodDisruptionBudget"):
        (pod,) = pods_of(rendered(name), one["spec"]["selector"])
        assert pod.owner == f"Deployment/{one['metadata']['name']}"
    for one in rendered(name).of("HorizontalPodAutoscaler"):
        assert one["spec"]["scaleTargetRef"]["name"] in deployments
        pod = rendered(name).pod(f"Deployment/{one['metadata']['name']}")
        for metric in one["spec"]["metrics"]:
            assert container(pod, metric["containerResource"]["container"])


@each
def test_probes_ask_ports_that_are_named(name: str, rendered: Rendered) -> None:
    for pod in rendered(name).pods():
        for one in pod.containers:
            named = {port["name"] for port in one.get("ports", [])}
            numbers = {port["containerPort"] for port in one.get("ports", [])}
            for key in (key for key in one if key.endswith("Probe")):
                for kind in ("httpGet", "tcpSocket", "grpc"):
                    asked = one[key].get(kind, {}).get("port")
                    assert asked is None or asked in named | numbers, (pod.owner, key)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_envoy_s_clusters_are_services(overlay: str, rendered: Rendered, project: Path) -> None:
    bootstrap = YAML(typ="safe").load((project / "envoy" / "bootstrap.yaml").read_text())
    found = [one for cluster in bootstrap["static_resources"]["clusters"] for one in names(cluster)]
    assert {f"serving-api-{version}" for version in ("v6", "v7")} <= {name for name, _ in found}
    for name, port in found:
        service = rendered(overlay).one("Service", name)
        assert service["spec"]["clusterIP"] == "None", "Envoy has to see each pod"
        assert port in {one["port"] for one in service["spec"]["ports"]}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_envoy_s_ports_are_the_pod_s(overlay: str, rendered: Rendered, project: Path) -> None:
    bootstrap = YAML(typ="safe").load((project / "envoy" / "bootstrap.yaml").read_text())
    listened = {
        one["address"]["socket_address"]["port_value"]
        for one in bootstrap["static_resources"]["listeners"]
    }
    pod = rendered(overlay).pod("Deployment/serving-ingress")
    assert {one["containerPort"] for one in container(pod, "envoy")["ports"]} == listened


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_paths_in_envoy_s_files_are_mounted(
    overlay: str, rendered: Rendered, project: Path
) -> None:
    text = (project / "envoy" / "bootstrap.yaml").read_text()
    envoy = container(rendered(overlay).pod("Deployment/serving-ingress"), "envoy")
    mounted = [mount["mountPath"] for mount in envoy["volumeMounts"]]
    for path in re.findall(r"/(?:etc|var/lib)/weighbridge/[\w./-]+", text):
        assert any(path == one or path.startswith(f"{one}/") for one in mounted), path


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_version_has_what_a_version_needs(overlay: str, rendered: Rendered) -> None:
    render = rendered(overlay)
    versions = {name.removeprefix("serving-api-") for name in render.names("Deployment")} - {
        "serving-ingress",
        "mlflow",
    }
    traffic = render.one("ConfigMap", "traffic")["data"]
    assert {traffic["stable"], traffic["canary"]} <= versions
    for version in versions:
        pod = render.pod(f"Deployment/serving-api-{version}")
        assert pod.labels["weighbridge.dev/version"] == version
        assert f"model-{version}" in set(configmaps(pod))
        assert label_of(pod) == "metadata.labels['weighbridge.dev/version']"


def label_of(pod: Pod) -> Any:
    (variable,) = (
        one
        for one in container(pod, "server")["env"]
        if one["name"] == "WEIGHBRIDGE_SERVING_VERSION"
    )
    return variable["valueFrom"]["fieldRef"]["fieldPath"]


def pods_of(render: Render, selector: Object) -> list[Pod]:
    return [pod for pod in render.pods() if selects(selector, pod.labels)]


def names(cluster: Object) -> Iterator[tuple[str, int]]:
    """Yield the names, with ports, by which a cluster finds its pods."""
    for group in cluster.get("load_assignment", {}).get("endpoints", []):
        for one in group["lb_endpoints"]:
            address = one["endpoint"]["address"]["socket_address"]
            if not address["address"].startswith("127."):
                yield address["address"], address["port_value"]
