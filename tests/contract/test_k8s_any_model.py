"""The component any-model lets every model server take a model of one's own."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fix_manifests import Rendered
from tests.manifests import Pod, Render, container, render
from tests.pages import steps

_VARIABLE = "WEIGHBRIDGE_SIGNATURE"


def servers(render: Render) -> list[Pod]:
    label = "app.kubernetes.io/component"
    return [pod for pod in render.pods() if pod.labels.get(label) == "model-server"]


def signature(pod: Pod) -> str | None:
    entries = container(pod, "server")["env"]
    values = [entry.get("value") for entry in entries if entry["name"] == _VARIABLE]
    assert len(values) <= 1, pod.owner
    return values[0] if values else None


@pytest.mark.parametrize("components", ["host-services", "alias+in-cluster-services"])
def test_every_model_server_serves_any_model(components: str, rendered: Rendered) -> None:
    before, after = rendered(components), rendered(f"{components}+any-model")
    assert {signature(pod) for pod in servers(before)} == {None}
    assert {signature(pod) for pod in servers(after)} == {"any"}
    assert len(servers(after)) == (3 if "alias" in components else 2)


def test_nothing_is_trained(rendered: Rendered) -> None:
    for components in ("in-cluster-services", "host-services"):
        after = rendered(f"{components}+any-model")
        assert after.names("Job") == {"predictionlog-migrate"}


def test_nothing_else_is_changed(rendered: Rendered) -> None:
    before, after = (rendered(name) for name in ("host-services", "host-services+any-model"))
    changed = [one for one in after.objects if one not in before.objects]
    assert {one["metadata"]["name"] for one in changed} == {"serving-api-v6", "serving-api-v7"}
    for one in changed:
        entries = one["spec"]["template"]["spec"]["containers"][0]["env"]
        entries.remove({"name": _VARIABLE, "value": "any"})
    assert changed == [one for one in before.objects if one in changed]


def test_the_page_s_command_puts_it_into_an_overlay(project: Path, tmp_path: Path) -> None:
    for folder in ("k8s", "envoy", "protos"):
        shutil.copytree(project / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.py"))
    first = steps(project / "docs" / "your-own-model.md")["On Kubernetes"][0]
    command = first.text.splitlines()[0]
    subprocess.run(["bash", "-euc", command], cwd=tmp_path, check=True)
    kind = render(tmp_path / "k8s" / "overlays" / "kind")
    assert {signature(pod) for pod in servers(kind)} == {"any"}
