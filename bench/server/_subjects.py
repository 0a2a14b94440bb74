"""The servers that are compared, each a process of its own on a port of its own."""

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc
import psutil

from bench.server import _model, _requests

_START_LIMIT_S: Final = 60.0
_LOOK_AGAIN_S: Final = 0.002


class BenchError(Exception):
    """The figures would not be what they say; the text names cause and next step."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What to start: a name for the table, a command, variables, the method that proves it up."""

    name: str
    command: tuple[str, ...]
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    spool: Path | None = None
    metrics_port: int | None = None


def product(
    name: str, model: Path, folder: Path, *, threads: int, batch_rows: str = "all"
) -> Subject:
    """Return the product with its default settings: field checks, spool and metrics on."""
    own = folder / name.replace(" ", "-")
    port, metrics_port = _free_port(), _free_port()
    environment = {
        "MODEL_NAME": "LogisticsDelayModel",
        "MODEL_VERSION": "7",
        "MODEL_URI": model.as_uri(),
        "MODEL_SHA256": _model.digest(model),
        "WEIGHBRIDGE_LISTEN": f"127.0.0.1:{port}",
        "WEIGHBRIDGE_METRICS_LISTEN": f"127.0.0.1:{metrics_port}",
        "WEIGHBRIDGE_SPOOL_DIR": str(own / "spool"),
        "WEIGHBRIDGE_MODEL_CACHE_DIR": str(own / "models"),
        "WEIGHBRIDGE_STICKY_SALT": "salt",
        "WEIGHBRIDGE_THREADS": str(threads),
        "WEIGHBRIDGE_LOG_BATCH_ROWS": batch_rows,
        "MALLOC_ARENA_MAX": "2",  # as in the image
    }
    command = (sys.executable, "-m", "weighbridge_server")
    return Subject(name, command, port, environment, own / "spool", metrics_port)


def echo(threads: int) -> Subject:
    """Return grpcio with nothing behind it."""
    return _reference("echo", threads)


def bare(model: Path, threads: int) -> Subject:
    """Return grpcio with the same messages and the same graph behind it, and nothing else."""
    return _reference("bare", threads, str(model))


def _reference(name: str, threads: int, *rest: str) -> Subject:
    port = _free_port()
    module = f"bench.server.references.{name}"
    return Subject(name, (sys.executable, "-m", module, str(port), str(threads), *rest), port)


class Running:
    """A started subject, until it is left."""

    def __init__(self, subject: Subject, folder: Path) -> None:
        """Start it and wait until it has answered a call; `cold_start_s` is how long that took."""
        self.subject = subject
        self._log = folder / f"{subject.name.replace(' ', '-')}.stderr"
        own = {key: value for key, value in os.environ.items() if "WEIGHBRIDGE" not in key}
        began = time.perf_counter()
        with self._log.open("wb") as stderr:
            self._process = subprocess.Popen(
                subject.command, env=own | dict(subject.environment), stderr=stderr
            )
        self.sent: Counter[str] = Counter()
        self._seen = psutil.Process(self._process.pid)
        try:
            self._wait_until_listening(began + _START_LIMIT_S)
            self.ask(_requests.PREDICT, _requests.single_request().SerializeToString())
        except BaseException:
            self.close()
            raise
        self.cold_start_s = time.perf_counter() - began

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def ask(self, path: str, content: bytes) -> bytes:
        """Ask once; a status other than OK raises."""
        with grpc.insecure_channel(f"127.0.0.1:{self.subject.port}", _UNLIMITED) as channel:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
            self.sent[path] += 1
            return call(content, metadata=tuple(_requests.HEADERS.items()), timeout=_START_LIMIT_S)

    def cpu_s(self) -> float:
        """Return the processor time it has used, user and system."""
        used = self._seen.cpu_times()
        return used.user + used.system

    def rss_mb(self) -> float:
        """Return the resident memory in MB."""
        return self._seen.memory_info().rss / 1e6

    def close(self) -> None:
        """End it."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(10)

    def _wait_until_listening(self, deadline: float) -> None:
        while self._process.poll() is None and time.perf_counter() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.subject.port)) == 0:
                    return
            time.sleep(_LOOK_AGAIN_S)
        raise BenchError(f"{self.subject.name} does not serve; it said: {self._log.read_text()}")


_UNLIMITED: Final = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
