"""The manifests of k8s/ as kustomize renders them, and what tests ask of them."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

Object = dict[str, Any]

OVERLAYS = ("kind", "staging", "production")
SERVICES = ("host-services", "in-cluster-services", "external-services")
_CHOICES = (("", "alias"), SERVICES, ("", "model-cache"), ("", "autoscaling"))
COMBINATIONS = tuple("+".join(filter(None, parts)) for parts in product(*_CHOICES))
"""Every choice of components, in the order in which an overlay lists them.

All but `any-model`, which sets one variable and has a test of its own.
"""
EVERY = OVERLAYS + COMBINATIONS
"""What can be rendered, by name."""


@dataclass(frozen=True)
class Pod:
    """What a workload makes pods of."""

    owner: str
    """Kind and name: "Deployment/serving-api-v6"."""
    labels: dict[str, str]
    annotations: dict[str, str]
    spec: Object

    @property
    def containers(self) -> list[Object]:
        """All containers, those that start first too."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]


@dataclass(frozen=True)
class Render:
    """One rendered kustomization."""

    objects: tuple[Object, ...]

    def of(self, *kinds: str) -> list[Object]:
        """Return the objects of these kinds."""
        return [one for one in self.objects if one["kind"] in kinds]

    def one(self, kind: str, name: str) -> Object:
        """Return the only object of a kind and name."""
        (found,) = (one for one in self.of(kind) if one["metadata"]["name"] == name)
        return found

    def names(self, kind: str) -> set[str]:
        """Return the names of a kind's objects."""
        return {one["metadata"]["name"] for one in self.of(kind)}

    def pods(self) -> Iterator[Pod]:
        """Yield what every workload makes pods of."""
        for one in self.of("Deployment", "StatefulSet", "Job"):
            template = one["spec"]["template"]
            owner = f"{one['kind']}/{one['metadata']['name']}"
            about = template["metadata"]
            yield Pod(owner, about["labels"], about.get("annotations", {}), template["spec"])

    def pod(self, owner: str) -> Pod:
        """Return the pods of one workload."""
        (found,) = (pod for pod in self.pods() if pod.owner == owner)
        return found


def container(pod: Pod, name: str) -> Object:
    """Return one container of a pod."""
    (found,) = (one for one in pod.containers if one["name"] == name)
    return found


def selects(selector: Object, labels: dict[str, str]) -> bool:
    """Tell whether a label selector is about these labels."""
    for rule in selector.get("matchExpressions", []):
        assert rule["operator"] == "In", rule
        if labels.get(rule["key"]) not in rule["values"]:
            return False
    wanted: dict[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()


def read_yaml(path: Path) -> list[Object]:
    """Read every document of a file."""
    return [one for one in YAML(typ="safe").load_all(path.read_text()) if one]


def render(folder: Path) -> Render:
    """Render a kustomization, as `kubectl apply -k` would."""
    if shutil.which("kubectl") is None:
        # `make test` works on a machine without it; what checks manifests asks for it first.
        pytest.skip("kubectl is missing: https://kubernetes.io/docs/tasks/tools/")
    done = subprocess.run(
        ["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return Render(tuple(YAML(typ="safe").load_all(done.stdout)))
