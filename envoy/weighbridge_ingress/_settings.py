"""The agent's settings: one environment variable each, named WEIGHBRIDGE_ and the field."""

from __future__ import annotations

import socket
from pathlib import Path  # noqa: TC003  read by pydantic at run time
from typing import Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from weighbridge_ingress._errors import SettingsError

_PREFIX = "WEIGHBRIDGE_"
_OURS = "Value error, "  # what pydantic puts before the words of our own checks


class AgentSettings(BaseSettings):
    """What one agent has to know."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, frozen=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    traffic_repo: str | None = None
    """The Git repository with the traffic file: a path, bare or not, or a URL."""

    traffic_configmap: str | None = Field(
        default=None, pattern=r"^([a-z0-9-]+/)?[a-z0-9.-]+$", validate_default=True
    )
    """Instead of a repository: the ConfigMap to watch, as name or namespace/name."""

    traffic_mount: Path | None = Field(default=None, validate_default=True)
    """The folder that the ConfigMap is mounted at; read while the API server cannot be asked."""

    traffic_branch: str = "main"
    """The branch to follow."""

    traffic_path: str = "envoy/traffic/local"
    """The environment's folder inside the repository; traffic.yaml is read there."""

    routes_template: Path
    """envoy/routes.yaml."""

    routes_file: Path
    """The file to write, alone in the folder that Envoy watches."""

    bootstrap: Path
    """envoy/bootstrap.yaml, or the localized one: its aggregate clusters are the known versions."""

    envoy_admin: str = Field(default="http://127.0.0.1:9901", pattern=r"^http://[^/]+:\d+/?$")
    """The admin of the Envoy beside the agent."""

    report_listen: str = Field(default="127.0.0.1:9903", pattern=r"^[^/]+:\d+$")
    """Where /report and /healthz are served; read-only."""

    # A commit should be live well within a second; on one machine a poll costs some 2 ms.
    poll_interval_s: float = Field(default=0.2, gt=0)
    """Seconds between two looks at the repository."""

    agent_name: str = Field(default_factory=socket.gethostname)
    """How this agent calls itself in its report."""

    log_format: Literal["json", "text"] = "json"
    """One JSON object or one plain line for each record on stderr."""

    @field_validator("traffic_path")
    @classmethod
    def _is_a_folder(cls, value: str) -> str:
        folder = value.strip("/")
        if not folder or folder.endswith((".yaml", ".yml")):
            raise ValueError("give the environment's folder, such as envoy/traffic/local")
        return folder

    @field_validator("traffic_configmap")
    @classmethod
    def _is_the_only_source(cls, value: str | None, info: ValidationInfo) -> str | None:
        if (value is None) == (info.data.get("traffic_repo") is None):
            both = "none is" if value is None else "both are"
            raise ValueError(f"set either this or {_PREFIX}TRAFFIC_REPO; {both} set")
        return value

    @field_validator("traffic_mount")
    @classmethod
    def _goes_with_a_configmap(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is None and info.data.get("traffic_configmap"):
            raise ValueError("say where the ConfigMap is mounted, as a directory")
        return value

    @property
    def traffic_file(self) -> str:
        """The traffic file inside the repository."""
        return f"{self.traffic_path}/traffic.yaml"

    @classmethod
    def from_environment(cls) -> AgentSettings:
        """Read the environment. Raises SettingsError with one line for each bad variable."""
        try:
            return cls()
        except ValidationError as error:
            # The values stay out of the lines: one may be a URL with a password.
            lines = [
                f"{_PREFIX}{str(found['loc'][0]).upper()}: {found['msg'].removeprefix(_OURS)}"
                for found in error.errors(include_input=False)
            ]
        raise SettingsError("\n".join(lines))
