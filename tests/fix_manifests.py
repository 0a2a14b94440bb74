"""The rendered manifests, each once for all tests."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.manifests import OVERLAYS, Render, render

Rendered = Callable[[str], Render]


@pytest.fixture(scope="session")
def rendered(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """Return an overlay, or the base with a choice of components ("alias+host-services")."""
    k8s = project / "k8s"

    @cache
    def of(name: str) -> Render:
        if name in OVERLAYS:
            return render(k8s / "overlays" / name)
        folder = tmp_path_factory.mktemp("overlay")

        def path(target: Path) -> str:  # kustomize takes no absolute ones
            return os.path.relpath(target, folder.resolve())

        components = [path(k8s / "components" / part) for part in name.split("+")]
        resources = [path(k8s / "base"), path(project / "envoy" / "traffic" / "kind")]
        lines = [
            "namespace: mlops-production",
            f"resources: {resources}",
            f"components: {components}",
        ]
        (folder / "kustomization.yaml").write_text("\n".join(lines))
        return render(folder)

    return of
