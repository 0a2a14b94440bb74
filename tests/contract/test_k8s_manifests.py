"""Every overlay and every choice of components renders, and is what Kubernetes takes."""

import json
import re
from functools import cache
from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest

from tests.fix_manifests import Rendered
from tests.manifests import EVERY, OVERLAYS, read_yaml

_KUBERNETES = "1.34"
_OVERLAY_LINES = 25
_VERSION_LINES = 12
_OURS = re.compile(r"ghcr\.io/weighbridge/weighbridge-(server|rollout|services):[0-9a-f]{40}")
_UPSTREAM = re.compile(r"envoyproxy/envoy:v\d+\.\d+\.\d+")
# What an overlay sets; a choice of components has the base's own names.
_PLACEHOLDERS = {
    "serving-api",
    "serving-api-v6",
    "serving-api-v7",
    "serving-ingress-agent",
    "predictionlog-migrate",
    "weighbridge-services",
}


@cache  # renders share most of their objects
def follows_the_schema(text: str) -> bool:
    """Raise ValidationError if an object is not what this Kubernetes takes."""
    kubernetes_validate.validate(json.loads(text), _KUBERNETES, strict=True)
    return True


@pytest.mark.parametrize("name", EVERY)
def test_each_object_follows_the_schema(name: str, rendered: Rendered) -> None:
    for one in rendered(name).objects:
        assert follows_the_schema(json.dumps(one, sort_keys=True))


@pytest.mark.parametrize("name", EVERY)
def test_no_object_is_there_twice(name: str, rendered: Rendered) -> None:
    keys = [(one["kind"], one["metadata"]["name"]) for one in rendered(name).objects]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_says_only_the_difference(overlay: str, project: Path) -> None:
    file = project / "k8s" / "overlays" / overlay / "kustomization.yaml"
    text = file.read_text()
    more = text.count("name: serving-api-v") - 2  # each version beyond two has an image's line
    assert len(text.splitlines()) <= _OVERLAY_LINES + max(0, more)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_version_is_a_folder_of_a_few_lines(project: Path) -> None:
    files = [project / "k8s" / "base" / name / "kustomization.yaml" for name in ("v6", "v7")]
    texts = [file.read_text() for file in files]
    assert texts[0].replace("v6", "v7") == texts[1]
    assert all(len(text.splitlines()) <= _VERSION_LINES for text in texts)


@pytest.mark.parametrize("name", EVERY)
def test_images_are_named_by_a_commit_or_a_version(name: str, rendered: Rendered) -> None:
    for pod in rendered(name).pods():
        for one in pod.containers:
            image = one["image"]
            ours = _OURS.fullmatch(image) if name in OVERLAYS else image in _PLACEHOLDERS
            assert ours or _UPSTREAM.fullmatch(image), f"{pod.owner}: {image}"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_workload_has_an_image_entry_of_its_own(overlay: str, project: Path) -> None:
    text = (project / "k8s" / "overlays" / overlay / "kustomization.yaml").read_text()
    assert len(re.findall(r'newTag: "[0-9a-f]{40}"', text)) == len(re.findall("newTag", text)), (
        "quote tags: one of digits alone would be read as a number"
    )


def test_overlays_alone_say_how_the_service_is_seen(project: Path, rendered: Rendered) -> None:
    for path in (project / "k8s").rglob("*.yaml"):
        if "overlays" in path.parts or path.name == "kustomization.yaml":
            continue
        for one in read_yaml(path):
            assert one["kind"] != "Service" or "type" not in one["spec"], path
    kinds = {}
    for overlay in OVERLAYS:
        service = rendered(overlay).one("Service", "serving-api-service")
        kinds[overlay] = service["spec"].get("type", "ClusterIP")
    assert kinds == {"kind": "NodePort", "staging": "ClusterIP", "production": "LoadBalancer"}


def test_namespaces(rendered: Rendered) -> None:
    wanted = {"kind": "mlops-production", "staging": "mlops-staging"}
    for overlay in OVERLAYS:
        namespace = wanted.get(overlay, "mlops-production")
        assert rendered(overlay).names("Namespace") == {namespace}
        spaces = {one["metadata"].get("namespace", namespace) for one in rendered(overlay).objects}
        assert spaces == {namespace}


def test_staging_and_production_can_share_a_cluster(rendered: Rendered) -> None:
    for kind in ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"):
        assert not rendered("staging").names(kind) & rendered("production").names(kind)
    for overlay in OVERLAYS:
        (binding,) = rendered(overlay).of("ValidatingAdmissionPolicyBinding")
        (namespace,) = rendered(overlay).names("Namespace")
        chosen = binding["spec"]["matchResources"]["namespaceSelector"]["matchLabels"]
        assert chosen == {"kubernetes.io/metadata.name": namespace}
        assert {binding["spec"]["policyName"]} == rendered(overlay).names(
            "ValidatingAdmissionPolicy"
        )


def test_what_autoscalers_scale_has_no_number_in_git(rendered: Rendered) -> None:
    production = rendered("production")
    scaled = {
        one["spec"]["scaleTargetRef"]["name"] for one in production.of("HorizontalPodAutoscaler")
    }
    assert scaled == {"serving-api-v6", "serving-api-v7", "serving-ingress"}
    for name in scaled:
        assert "replicas" not in production.one("Deployment", name)["spec"]
        assert production.one("PodDisruptionBudget", name)["spec"]["maxUnavailable"] == 1
    assert all(one["spec"]["minReplicas"] >= 2 for one in production.of("HorizontalPodAutoscaler"))


def test_what_releases_change_keeps_its_name(rendered: Rendered) -> None:
    fixed = {"traffic", "rollout", "model-v6", "model-v7"}
    for overlay in OVERLAYS:
        assert fixed <= rendered(overlay).names("ConfigMap")
    assert "model-config" in rendered("alias+host-services").names("ConfigMap")


def test_storage_claims_are_written_out(rendered: Rendered) -> None:
    """Argo CD would see a difference for ever in what the API server fills in."""
    for one in rendered("staging").of("StatefulSet"):
        for claim in one["spec"]["volumeClaimTemplates"]:
            assert claim["apiVersion"] == "v1"
            assert claim["kind"] == "PersistentVolumeClaim"
            assert claim["spec"]["volumeMode"] == "Filesystem"
            assert "storageClassName" not in claim["spec"], "the cluster's default"


def test_jobs_can_be_made_anew(rendered: Rendered) -> None:
    """A Job's pods cannot be changed, so a new image means a new Job."""
    jobs = rendered("staging").of("Job")
    assert {one["metadata"]["name"] for one in jobs} == {"predictionlog-migrate", "register-models"}
    for one in jobs:
        options = one["metadata"]["annotations"]["argocd.argoproj.io/sync-options"]
        assert options == "Force=true,Replace=true"
        assert "ttlSecondsAfterFinished" not in one["spec"], "Argo CD would make it again and again"
