"""The load generator: nghttp2's h2load, and what it measured."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bench.server._requests import HEADERS, frame
from bench.server._subjects import BenchError, Running

_LIMIT_S: Final = 600
_FRAME_BYTES: Final = 5


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of call, and how many of it are in flight: connections times streams."""

    path: str
    content: bytes
    connections: int
    streams: int

    @property
    def in_flight(self) -> int:
        """How many calls are under way at any time."""
        return self.connections * self.streams


@dataclass(frozen=True, slots=True)
class Measured:
    """What the callers saw."""

    calls: int
    seconds: float
    p50_ms: float
    p99_ms: float


def check_installed() -> None:
    """Raise BenchError when there is no h2load."""
    if shutil.which("h2load") is None:
        raise BenchError("h2load is not on the PATH; apt-get install nghttp2-client")


def send(load: Load, running: Running, *, calls: int, answer_bytes: int) -> Measured:
    """Send `calls` calls; each must be answered with a message of `answer_bytes` bytes.

    h2load knows HTTP only, where a failed gRPC call is a success too: but without a message.
    """
    with tempfile.TemporaryDirectory() as folder:
        data, log = Path(folder) / "data", Path(folder) / "log"
        data.write_bytes(frame(load.content))
        headers = {"content-type": "application/grpc", "te": "trailers", **HEADERS}
        options = [f"--header={name}: {value}" for name, value in headers.items()]
        options += [f"--clients={load.connections}", f"--max-concurrent-streams={load.streams}"]
        options += ["--window-bits=24", "--connection-window-bits=26"]
        options += [f"--requests={calls}", f"--data={data}", f"--log-file={log}"]
        url = f"http://127.0.0.1:{running.subject.port}{load.path}"
        done = subprocess.run(
            ["h2load", *options, url], capture_output=True, text=True, check=True, timeout=_LIMIT_S
        )
        table = np.loadtxt(log, dtype=np.int64, ndmin=2)
    running.sent[load.path] += calls
    _check(done.stdout, calls, calls * (_FRAME_BYTES + answer_bytes))
    began_us, took_us = table[:, 0], table[:, 2]
    seconds = float((began_us + took_us).max() - began_us.min()) / 1e6
    p50, p99 = np.percentile(took_us / 1e3, (50, 99))
    return Measured(calls, seconds, float(p50), float(p99))


def _check(report: str, calls: int, data_bytes: int) -> None:
    succeeded = re.search(r"(\d+) succeeded", report)
    data = re.search(r"\((\d+)\) data", report)
    if succeeded is None or data is None:
        raise BenchError(f"h2load says nothing that can be read: {report}")
    if (int(succeeded[1]), int(data[1])) != (calls, data_bytes):
        raise BenchError(f"of {calls} calls not all were answered alike: {report}")
