"""What can be set about the stack, read once from the environment."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, create_model
from pydantic_settings import BaseSettings, SettingsConfigDict

# Of the model servers, and of their metrics: a version's number is added to it.
_BASE_PORT = 9000
_BASE_METRICS_PORT = 9400


class StackSettings(BaseSettings):
    """The settings of one stack; each field is the variable WEIGHBRIDGE_<FIELD>."""

    model_config = SettingsConfigDict(
        env_prefix="WEIGHBRIDGE_", frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    home: Path = Path(".weighbridge")
    """Folder that holds all state."""

    bind: str = "127.0.0.1"
    """Address that every part listens on; 0.0.0.0 opens the stack to pods and other machines."""

    postgres_port: int = Field(5432, gt=0, lt=65536)
    """PostgreSQL."""

    s3_port: int = Field(4566, gt=0, lt=65536)
    """The S3 server."""

    mlflow_port: int = Field(5001, gt=0, lt=65536)
    """MLflow."""

    envoy_port: int = Field(8080, gt=0, lt=65536)
    """Envoy: the address that clients call."""

    envoy_admin_port: int = Field(9901, gt=0, lt=65536)
    """Envoy's admin page; always on 127.0.0.1."""

    envoy_probe_port: int = Field(9902, gt=0, lt=65536)
    """Envoy's readiness and metrics."""

    agent_port: int = Field(9903, gt=0, lt=65536)
    """The agent's report."""

    model_name: str | None = Field(None, min_length=1)
    """The registered model to serve, unset: the one told before, else the one trained here.

    For another name nothing is trained: its versions are registered and pinned by people.
    """

    training_rows: int | None = Field(None, ge=2_000)
    """Generated rows that the models are trained on at the first start; unset: 40,000."""

    training_data: Path | None = None
    """CSV file to train on instead of generated data."""

    @property
    def local(self) -> str:
        """Address by which parts on this machine reach each other."""
        return "127.0.0.1" if self.bind in ("0.0.0.0", "::") else self.bind  # noqa: S104 - compared, not bound

    def version_port(self, version: str) -> int:
        """Port of the model server of a version that these settings were read for."""
        return int(getattr(self, port_field(version)))

    def version_metrics_port(self, version: str) -> int:
        """Port of the metrics of a version's model server."""
        return int(getattr(self, metrics_port_field(version)))


def read_settings_for(versions: Sequence[str]) -> StackSettings:
    """Read the settings of a stack that serves these versions: each has two ports of its own."""
    ports: dict[str, Any] = {
        field(version): (int, Field(base + version_number(version), gt=0, lt=65536))
        for version in versions
        for field, base in ((port_field, _BASE_PORT), (metrics_port_field, _BASE_METRICS_PORT))
    }
    return create_model("VersionedSettings", __base__=StackSettings, **ports)()


def port_field(version: str) -> str:
    """Name the setting that holds the port of a version's model server."""
    return f"{version}_port"


def metrics_port_field(version: str) -> str:
    """Name the setting that holds the port of the metrics of a version's model server."""
    return f"{version}_metrics_port"


def version_number(version: str) -> int:
    """Return the number of a version, which is also the registry's."""
    return int(version.removeprefix("v"))
