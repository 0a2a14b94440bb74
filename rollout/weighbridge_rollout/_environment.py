"""Where an environment's traffic is written down and who applies it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from weighbridge_ingress.git import without_credentials
from weighbridge_rollout._errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT_BRANCH = "main"


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

    @property
    def place(self) -> str:
        """The branch and repository as they may be shown: without user and password."""
        return f"{self.branch} of {without_credentials(self.repository)}"

    @property
    def traffic_file(self) -> str:
        return f"{self.path}/traffic.yaml"

    def model_file(self, label: str) -> str:
        """Return the path of a version's pin, for example "envoy/traffic/local/model-v7.yaml"."""
        return f"{self.path}/model-{label}.yaml"

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> Environment:
        """Read the WEIGHBRIDGE_TRAFFIC_… variables; raise SettingsError where one is missing."""
        repository = _required(variables, "WEIGHBRIDGE_TRAFFIC_REPO")
        written = _required(variables, "WEIGHBRIDGE_TRAFFIC_PATH")
        path = PurePosixPath(written)
        if path.is_absolute() or ".." in path.parts or path.name == "":
            raise SettingsError(
                f"WEIGHBRIDGE_TRAFFIC_PATH={written} must be a folder inside the repository, "
                "for example envoy/traffic/local"
            )
        return cls(
            name=variables.get("WEIGHBRIDGE_ENVIRONMENT") or path.name,
            repository=repository,
            branch=variables.get("WEIGHBRIDGE_TRAFFIC_BRANCH") or _DEFAULT_BRANCH,
            path=str(path),
            agents=cls.agents_in(variables),
        )

    @staticmethod
    def agents_in(variables: Mapping[str, str]) -> tuple[str, ...]:
        """Read WEIGHBRIDGE_AGENTS alone, for what needs no repository."""
        urls = variables.get("WEIGHBRIDGE_AGENTS", "").split(",")
        return tuple(url.strip().rstrip("/") for url in urls if url.strip())


def _required(variables: Mapping[str, str], name: str) -> str:
    value = variables.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set: it says where traffic is written down")
    return value
