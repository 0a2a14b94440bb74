"""Settings of the two commands; read in `__main__` only."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_CONFIG = SettingsConfigDict(env_prefix="WEIGHBRIDGE_", frozen=True, use_attribute_docstrings=True)


class MigrateSettings(BaseSettings):
    """Settings of `python -m weighbridge_predictionlog migrate`."""

    model_config = _CONFIG

    database_url: str
    """Where the tables are, as a libpq connection string: postgresql://user@host:5432/name."""
    log_format: Literal["json", "text"] = "json"
    """How log lines look on stderr: one JSON object, or key=value for people."""


class ShipSettings(MigrateSettings):
    """Settings of `python -m weighbridge_predictionlog ship`."""

    spool_dir: Path
    """The folder whose sub-folders are spools, one per server instance."""
    poll_interval_s: float = Field(default=0.1, gt=0)
    """How often to look for new rows; the wait of a row for its shipping."""
    # A few thousand rows: where COPY no longer gains from more, and a lost batch is quickly resent.
    batch_bytes: int = Field(default=4 * 1024 * 1024, gt=0)
    """How much of a spool goes into one transaction."""
    # Within the 30 s that Kubernetes gives a pod by default.
    drain_s: float = Field(default=10.0, ge=0)
    """How long to go on shipping after SIGTERM."""
