"""What can be set about the stack, read once from the environment."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

SERVING_VERSIONS = ("v6", "v7")


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

    v6_port: int = Field(9006, gt=0, lt=65536)
    """The model server of v6."""

    v7_port: int = Field(9007, gt=0, lt=65536)
    """The model server of v7."""

    envoy_port: int = Field(8080, gt=0, lt=65536)
    """Envoy: the address that clients call."""

    envoy_admin_port: int = Field(9901, gt=0, lt=65536)
    """Envoy's admin page; always on 127.0.0.1."""

    envoy_probe_port: int = Field(9902, gt=0, lt=65536)
    """Envoy's readiness and metrics."""

    agent_port: int = Field(9903, gt=0, lt=65536)
    """The agent's report."""

    training_rows: int | None = Field(None, ge=2_000)
    """Generated rows that the models are trained on at the first start; unset: 40,000."""

    training_data: Path | None = None
    """CSV file to train on instead of generated data."""

    @property
    def local(self) -> str:
        """Address by which parts on this machine reach each other."""
        return "127.0.0.1" if self.bind in ("0.0.0.0", "::") else self.bind  # noqa: S104 - compared, not bound

    def version_port(self, version: str) -> int:
        """Port of the model server of a version."""
        return {"v6": self.v6_port, "v7": self.v7_port}[version]
