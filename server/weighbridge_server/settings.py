"""Everything a server process can be told, read once from the environment."""

import os
import socket
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from weighbridge_predictionlog import LogFormat
from weighbridge_server._source import Address, SourceSettings, Text
from weighbridge_server.inference import BatchRows

Seconds = Annotated[float, Field(ge=0, le=600)]


class Durability(StrEnum):
    """What a row in the spool survives."""

    PROCESS = "process"
    HOST = "host"


def _instance() -> str:
    return f"{socket.gethostname()}/{os.getpid()}"


class Settings(SourceSettings):
    """The model (MODEL_*), the store (MLFLOW_S3_ENDPOINT_URL, AWS_*) and WEIGHBRIDGE_*."""

    model_config = SettingsConfigDict(
        env_prefix="WEIGHBRIDGE_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    s3_endpoint_url: Address | None = Field(None, validation_alias="MLFLOW_S3_ENDPOINT_URL")
    """The S3 server; unset means AWS. Keys and region come from the AWS_* variables."""

    listen: Text = "127.0.0.1:9000"
    """The address, host:port; port 0 takes a free one."""

    model_cache_dir: Path = Path("/var/cache/weighbridge/models")
    """Where verified artefacts are kept, so that a restart does without the store."""

    spool_dir: Path
    """This process's own spool: two servers must not share one."""

    spool_durability: Durability = Durability.PROCESS
    """What an appended row survives: the end of the process, or of the host (a sync a call)."""

    # Measured: 1 to 4 threads give most calls per second, 16 half of that; the calls are short
    # and Python runs one at a time.
    threads: Annotated[int, Field(ge=1, le=64)] = 4
    """Threads that answer calls."""

    log_batch_rows: BatchRows = BatchRows.ALL
    """Which rows of a batch are logged beside the call's own: all, sample or off."""

    log_sample_percent: Annotated[float, Field(ge=0, le=100)] = 1.0
    """The share of a batch's rows that `sample` logs."""

    sticky_salt: SecretStr | None = None
    """Salt for the hash that stands for x-user-id in the log, where it is absent without one."""

    log_format: LogFormat = "json"
    """How log lines look on stderr: one JSON object, or text for people."""

    instance: str = Field(default_factory=_instance)
    """The name of this process in log rows."""

    # Envoy asks every second and needs two answers to take an endpoint out; it also reacts to
    # the refusal itself, so one second loses nothing behind it.
    drain_wait_s: Seconds = 1.0
    """How long a leaving server still takes calls after it said NOT_SERVING, in seconds."""

    stop_limit_s: Seconds = 20.0
    """How long a stopping server lets running calls go on, in seconds."""
