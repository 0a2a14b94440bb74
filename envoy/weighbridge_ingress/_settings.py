"""The agent's settings: one environment variable each, named WEIGHBRIDGE_ and the field."""

from __future__ import annotations

import socket
from pathlib import Path  # noqa: TC003  read by pydantic at run time

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AgentSettings(BaseSettings):
    """What one agent has to know."""

    model_config = SettingsConfigDict(env_prefix="WEIGHBRIDGE_", frozen=True)

    traffic_repo: str
    """The Git repository with the traffic file: a path, bare or not, or a URL."""

    traffic_branch: str = "main"
    """The branch to follow."""

    traffic_path: str = "envoy/traffic/local/traffic.yaml"
    """The traffic file inside the repository."""

    routes_template: Path
    """envoy/routes.yaml."""

    routes_file: Path
    """The file to write, alone in the folder that Envoy watches."""

    bootstrap: Path
    """envoy/bootstrap.yaml, or the localized one: its aggregate clusters are the known versions."""

    envoy_admin: str = "http://127.0.0.1:9901"
    """The admin of the Envoy beside the agent."""

    report_listen: str = "127.0.0.1:9903"
    """Where /report and /healthz are served; read-only."""

    # A commit should be live well within a second; on one machine a poll costs some 2 ms.
    poll_interval_s: float = Field(default=0.2, gt=0)
    """Seconds between two looks at Git, the routes file and Envoy."""

    agent_name: str = Field(default_factory=socket.gethostname)
    """How this agent calls itself in its report."""

    @classmethod
    def from_environment(cls) -> AgentSettings:
        """Read the environment. Raises pydantic's ValidationError, which names each bad field."""
        return cls()
