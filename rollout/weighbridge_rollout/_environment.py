"""Where an environment's traffic is written down and who applies it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from weighbridge_ingress.git import without_credentials
from weighbridge_rollout._errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_BRANCH = "main"

_VARIABLES = {
    "repository": "WEIGHBRIDGE_TRAFFIC_REPO",
    "branch": "WEIGHBRIDGE_TRAFFIC_BRANCH",
    "path": "WEIGHBRIDGE_TRAFFIC_PATH",
}


@dataclass(frozen=True, slots=True)
class ClusterAgents:
    """Agents in a cluster: the pods with a label, asked through the API server."""

    namespace: str
    context: str | None = None
    """A context of the kubeconfig; None: a pod's own service account, else the current one."""
    selector: str = "app.kubernetes.io/name=serving-ingress"
    port: int = 9903


@dataclass(frozen=True, slots=True)
class ArgoApplication:
    """The Argo CD Application that applies an environment's commits."""

    application: str
    namespace: str = "argocd"
    context: str | None = None
    """As for ClusterAgents."""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.application}"


@dataclass(frozen=True, slots=True)
class Environment:
    """A place that traffic is steered in: a folder on a Git branch, and the agents reading it."""

    name: str
    repository: str
    """URL or path, as `git clone` takes it."""
    branch: str
    path: str
    """The environment's folder inside the repository, for example "envoy/traffic/local"."""
    agents: tuple[str, ...] = ()
    """Base URLs of the agents' report ports, for example "http://127.0.0.1:9903"."""
    kubernetes: ClusterAgents | None = None
    """Instead of `agents`: how to find them in a cluster."""
    argocd: ArgoApplication | None = None
    """None where agents read Git themselves."""
    overlay: str | None = None
    """The folder in the repository whose kustomization.yaml names the images' tags."""
    file: Path | None = None
    """The environments.yaml that describes it; None if variables do."""

    @property
    def place(self) -> str:
        """The branch and repository as they may be shown: without user and password."""
        return f"{self.branch} of {without_credentials(self.repository)}"

    @property
    def traffic_file(self) -> str:
        return f"{self.path}/traffic.yaml"

    @property
    def images_file(self) -> str:
        """The file with the images' tags; SettingsError if the environment has none."""
        if self.overlay is None:
            place = self.file or "environments.yaml"
            raise SettingsError(
                f"environment {self.name} has no images: name the folder of its kustomization as "
                f"`overlay` in {place}, for example k8s/overlays/kind"
            )
        return f"{self.overlay}/kustomization.yaml"

    @property
    def option(self) -> str:
        """What a command needs to mean this environment, with a space before it."""
        return f" -e {self.name}" if self.file else ""

    def model_file(self, label: str) -> str:
        """Return the path of a version's pin, for example "envoy/traffic/local/model-v7.yaml"."""
        return f"{self.path}/model-{label}.yaml"

    def setting(self, field: str) -> str:
        """Say where a person changes repository, branch or path."""
        return f"{field} of {self.name} in {self.file}" if self.file else _VARIABLES[field]

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> Environment:
        """Read the WEIGHBRIDGE_TRAFFIC_… variables; raise SettingsError where one is missing."""
        repository = _required(variables, "WEIGHBRIDGE_TRAFFIC_REPO")
        written = _required(variables, "WEIGHBRIDGE_TRAFFIC_PATH")
        try:
            path = inner_folder(written)
        except ValueError as error:
            raise SettingsError(f"WEIGHBRIDGE_TRAFFIC_PATH={written} {error}") from None
        return cls(
            name=PurePosixPath(path).name,
            repository=repository,
            branch=variables.get("WEIGHBRIDGE_TRAFFIC_BRANCH") or DEFAULT_BRANCH,
            path=path,
            agents=cls.agents_in(variables),
        )

    @staticmethod
    def agents_in(variables: Mapping[str, str]) -> tuple[str, ...]:
        """Read WEIGHBRIDGE_AGENTS alone, for what needs no repository."""
        urls = variables.get("WEIGHBRIDGE_AGENTS", "").split(",")
        return tuple(url.strip().rstrip("/") for url in urls if url.strip())


def inner_folder(written: str) -> str:
    """Return a folder inside a repository in one form; ValueError if it is not inside."""
    path = PurePosixPath(written)
    if path.is_absolute() or ".." in path.parts or path.name == "":
        raise ValueError("must be a folder inside the repository, for example envoy/traffic/local")
    return str(path)


def _required(variables: Mapping[str, str], name: str) -> str:
    value = variables.get(name, "").strip()
    if not value:
        raise SettingsError(
            f"{name} is not set: it says where traffic is written down; `make up` writes it"
        )
    return value
