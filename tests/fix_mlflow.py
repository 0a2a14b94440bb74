"""A real MLflow server for tests, its artefacts in a real S3, and a registry with seven versions.

It is up in 5 s on two quiet cores. Its defaults take 17 s: four workers each import everything,
and the job runner starts processes of its own. Half of the 5 s is the `mlflow` command itself.
"""

import os
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.fix_ports import HeldPorts
    from tests.fix_s3 import S3

_START_WITHIN_S = 90.0


@dataclass(frozen=True)
class MlflowServer:
    """Where the server is, and the variables that its clients need."""

    tracking_uri: str
    s3: "S3"
    process_group: int

    @property
    def port(self) -> int:
        """The port of its address."""
        return int(self.tracking_uri.rpartition(":")[2])

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop its processes in the middle of whatever they do, and let them go on after."""
        os.killpg(self.process_group, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.process_group, signal.SIGCONT)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **self.s3.environment,
            "MLFLOW_TRACKING_URI": self.tracking_uri,
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }

    def train(self, *options: str) -> "subprocess.CompletedProcess[str]":
        """Run `python -m weighbridge_training` against this server."""
        return subprocess.run(
            [sys.executable, "-m", "weighbridge_training", *options],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
        )


@dataclass(frozen=True)
class ModelRegistry:
    """A server on which LogisticsDelayModel has its seven versions, and what was printed."""

    server: MlflowServer
    output: str


@pytest.fixture(scope="session")
def mlflow_server(
    s3: "S3", held_ports: "HeldPorts", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MlflowServer]:
    """One server for all tests: SQLite for records, the bucket `mlflow` for artefacts."""
    folder = tmp_path_factory.mktemp("mlflow")
    port = held_ports()
    command = [
        str(Path(sysconfig.get_path("scripts")) / "mlflow"),
        "server",
        "--host=127.0.0.1",
        f"--port={port}",
        f"--backend-store-uri=sqlite:///{folder}/mlflow.db",
        "--default-artifact-root=s3://mlflow/",
        "--no-serve-artifacts",
        "--workers=1",
    ]
    switches = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "mlflow.log").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **s3.environment, "MLFLOW_DISABLE_TELEMETRY": "true", **switches},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = MlflowServer(f"http://127.0.0.1:{port}", s3, process.pid)
    try:
        _wait_until_up(server, process, folder / "mlflow.log")
        yield server
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # nothing of it is kept
        process.wait(timeout=10)


def _wait_until_up(server: MlflowServer, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_WITHIN_S
    while True:
        try:
            url = f"{server.tracking_uri}/health"
            urllib.request.urlopen(url, timeout=5).close()  # our own server
            return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"MLflow did not start: {log.read_text()}")
            time.sleep(0.05)  # between two looks at a condition


@pytest.fixture(scope="session")
def registered_models(mlflow_server: MlflowServer) -> ModelRegistry:
    """The seven versions, trained and registered once for all tests."""
    done = mlflow_server.train()
    assert done.returncode == 0, done.stdout + done.stderr
    return ModelRegistry(mlflow_server, done.stdout)
