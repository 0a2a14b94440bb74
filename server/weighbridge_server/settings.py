"""Everything a server process can be told, read once from the environment."""

import os
import re
import socket
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from weighbridge_predictionlog import LogFormat
from weighbridge_server._source import Address, SourceSettings, Text
from weighbridge_server.inference import BatchRows

Seconds = Annotated[float, Field(ge=0, le=600)]

_HOST_PORT: Final = re.compile(r"(\[[^\s\[\]]+\]|[^\s\[\]:]+):([0-9]{1,5})")
_MAX_PORT: Final = 65_535


def _check_host_port(text: str) -> str:
    found = _HOST_PORT.fullmatch(text)
    if not found or int(found[2]) > _MAX_PORT:
        raise ValueError(
            f"must be host:port, the port from 0 to {_MAX_PORT} and an IPv6 address in brackets"
        )
    return text


HostPort = Annotated[Text, AfterValidator(_check_host_port)]


class Durability(StrEnum):
    """What a row in the spool survives."""

    PROCESS = "process"
    HOST = "host"


def _instance() -> str:
    return f"{socket.gethostname()}/{os.getpid()}"


class Settings(SourceSettings):
    """The model (MODEL_*), the store (MLFLOW_S3_ENDPOINT_URL, AWS_*) and WEIGHBRIDGE_*."""

    model_config = SettingsConfigDict(
        env_prefix="WEIGHBRIDGE_",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        use_attribute_docstrings=True,
    )

    s3_endpoint_url: Address | None = Field(None, validation_alias="MLFLOW_S3_ENDPOINT_URL")
    """The S3 server; unset means AWS."""

    listen: HostPort = "127.0.0.1:9000"
    """The address, host:port; port 0 takes a free one."""

    model_cache_dir: Path = Path("/var/cache/weighbridge/models")
    """Verified artefacts, by digest, for a restart without the store; none is only a warning."""

    spool_dir: Path
    """This process's own spool: two servers must not share one."""

    spool_durability: Durability = Durability.PROCESS
    """What a row survives: the end of the `process`, or of the `host` (one sync more a call)."""

    # The calls are short and Python runs one at a time: bench/README.md compares numbers.
    threads: Annotated[int, Field(ge=1, le=64)] = 4
    """Threads that answer calls; Python runs one at a time, so more gain nothing."""

    onnx_threads: Annotated[int, Field(ge=1, le=64)] = 1
    """Threads of onnxruntime inside one call: more than 1 only where large batches come alone."""

    # The last of them waits for all before it, and callers have deadlines.
    max_calls: Annotated[int, Field(ge=1, le=100_000)] = 256
    """Calls that run or wait for a thread; one more is refused at once, RESOURCE_EXHAUSTED."""

    # A batch of the largest size at 13 Mbit/s; a stop's limit is longer.
    message_limit_s: Annotated[float, Field(gt=0, le=600)] = 10.0
    """How long a call that a thread has taken waits for its message, in seconds."""

    metrics_listen: HostPort | None = None
    """Address of the metrics for Prometheus, host:port, by HTTP; unset means none."""

    channelz: bool = False
    """Whether channelz is served, which shows gRPC's connections and calls to whoever asks."""

    log_batch_rows: BatchRows = BatchRows.ALL
    """Rows of a batch that are logged beside the call's own: `all`, `sample` or `off`."""

    log_sample_percent: Annotated[float, Field(ge=0, le=100)] = 1.0
    """The share of a batch's rows that `sample` logs."""

    sticky_salt: SecretStr | None = None
    """Salt of the hash that stands for x-user-id, the same on all servers; without it none does."""

    log_format: LogFormat = "json"
    """Log lines on stderr: `json`, one object each, or `text` for people."""

    instance: str = Field(default_factory=_instance, examples=["host/pid"])
    """The name of this process in log rows."""

    # Envoy asks every second and needs two answers to take an endpoint out; it also reacts to
    # the refusal itself, so one second loses nothing behind it.
    drain_wait_s: Seconds = 1.0
    """How long a leaving server still takes calls after it said NOT_SERVING, in seconds."""

    stop_limit_s: Seconds = 20.0
    """How long a stopping server lets running calls go on, in seconds."""

    flush_limit_s: Seconds = 5.0
    """How long a stopping server waits for the disk to take the last rows, in seconds."""
