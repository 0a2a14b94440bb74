"""Settings of the two commands; read in `__main__` only."""

from pathlib import Path
from typing import Annotated

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from weighbridge_predictionlog._process import LogFormat

_CONFIG = SettingsConfigDict(env_prefix="WEIGHBRIDGE_", frozen=True, use_attribute_docstrings=True)


def _check_conninfo(text: str) -> str:
    """Refuse what libpq cannot read: as a setting it is wrong now, not when it is used."""
    try:
        conninfo_to_dict(text)
    except psycopg.ProgrammingError:
        # The reason quotes the text, and with it the password.
        raise ValueError(
            "libpq cannot read it as a connection string; "
            "write special characters of the password as %40, %25, …"
        ) from None
    return text


class _Settings(BaseSettings):
    """What both commands need."""

    model_config = _CONFIG

    database_url: Annotated[str, AfterValidator(_check_conninfo)]
    """Where the tables are, as a libpq connection string: postgresql://user@host:5432/name."""
    log_format: LogFormat = "json"
    """How log lines look on stderr: one JSON object, or key=value for people."""


class MigrateSettings(_Settings):
    """Settings of `python -m weighbridge_predictionlog migrate`."""

    wait_s: float = Field(default=0.0, ge=0)
    """How long to wait for PostgreSQL: a Kubernetes Job may start before its database."""


class ShipSettings(_Settings):
    """Settings of `python -m weighbridge_predictionlog ship`."""

    spool_root: Path
    """The folder whose sub-folders are spools, one per server instance."""
    poll_interval_s: float = Field(default=0.1, gt=0)
    """How often to look for new rows; the wait of a row for its shipping."""
    # A few thousand rows: where COPY no longer gains from more, and a lost batch is quickly resent.
    batch_bytes: int = Field(default=4 * 1024 * 1024, gt=0)
    """How much of a spool goes into one transaction."""
    # Within the 30 s that Kubernetes gives a pod by default.
    drain_s: float = Field(default=10.0, ge=0)
    """How long to go on shipping after SIGTERM."""
