"""Real server processes that serve real ONNX models."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1.health_pb2_grpc import HealthStub
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from logistics.delay.v1.delay_service_pb2_grpc import DelayServiceStub
from tests.fix_models import ModelFile
from weighbridge_predictionlog import PredictionRow, SpoolReader

_START_LIMIT_S = 60

METERED = {"WEIGHBRIDGE_METRICS_LISTEN": "127.0.0.1:0"}
"""For servers whose metrics a test reads."""


@dataclass
class ServerProcess:
    """One `python -m weighbridge_server`, on a port of its own, with a spool of its own."""

    process: "subprocess.Popen[bytes]"
    output: Path
    spool_dir: Path
    _channels: list[grpc.Channel] = field(default_factory=list)

    @property
    def log(self) -> str:
        """What it has written to stderr so far."""
        return self.output.read_text()

    @property
    def records(self) -> list[dict[str, Any]]:
        """Its log so far, each line read as JSON, without those that gRPC's own library writes."""
        lines = self.log.splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    @property
    def messages(self) -> list[str]:
        """The messages of its log so far."""
        return [record["message"] for record in self.records]

    @property
    def rows(self) -> list[PredictionRow]:
        """What its spool holds."""
        return list(SpoolReader(self.spool_dir))

    @property
    def target(self) -> str:
        """The address it listens on; waits until it serves."""
        deadline = time.monotonic() + _START_LIMIT_S
        while "serving" not in self.messages:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)  # between two looks at its log
        (serving,) = (one for one in self.records if one["message"] == "serving")
        return f"127.0.0.1:{serving['port']}"

    @property
    def channel(self) -> grpc.Channel:
        """A connection to it."""
        if not self._channels:
            self._channels.append(grpc.insecure_channel(self.target))
        return self._channels[0]

    @property
    def stub(self) -> DelayServiceStub:
        """Its service."""
        return DelayServiceStub(self.channel)

    @property
    def health(self) -> Any:
        """Its health service; the stub has no types."""
        return HealthStub(self.channel)

    @property
    def metrics_url(self) -> str:
        """Where it gives its metrics, if it was told to."""
        assert self.target
        (served,) = (one for one in self.records if one["message"] == "metrics served")
        return f"http://127.0.0.1:{served['port']}/metrics"

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """What its metrics say now, each by its name (of a counter: without `_total`)."""
        with urllib.request.urlopen(self.metrics_url, timeout=10) as answer:
            text = answer.read().decode()
        return {family.name: family for family in text_string_to_metric_families(text)}

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples `weighbridge_server_<name>` that have these labels."""
        samples = [sample for family in self.metrics.values() for sample in family.samples]
        return sum(
            sample.value
            for sample in samples
            if sample.name == f"weighbridge_server_{name}"
            and labels.items() <= sample.labels.items()
        )

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        self.process.kill()
        self.process.wait(10)

    def close(self) -> None:
        """End it, however far it came."""
        for channel in self._channels:
            channel.close()
        if self.process.poll() is None:
            self.kill()


StartServer = Callable[..., ServerProcess]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start a server for a model file; keywords are further environment variables."""
    started: list[ServerProcess] = []

    def start(model: ModelFile, **variables: str) -> ServerProcess:
        folder = tmp_path / f"server{len(started)}"
        folder.mkdir()
        output = folder / "stderr"
        environment = _environment(model, folder) | variables
        with output.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "weighbridge_server"], env=environment, stderr=stderr
            )
        started.append(ServerProcess(process, output, Path(environment["WEIGHBRIDGE_SPOOL_DIR"])))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def server(start_server: StartServer, model_file: ModelFile) -> ServerProcess:
    """A server of the common model."""
    return start_server(model_file)


def _environment(model: ModelFile, folder: Path) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if "WEIGHBRIDGE" not in key}
    return own | {
        "MODEL_NAME": "LogisticsDelayModel",
        "MODEL_VERSION": "7",
        "MODEL_URI": model.uri,
        "MODEL_SHA256": model.sha256,
        "WEIGHBRIDGE_LISTEN": "127.0.0.1:0",
        "WEIGHBRIDGE_SPOOL_DIR": str(folder / "spool"),
        "WEIGHBRIDGE_MODEL_CACHE_DIR": str(folder / "models"),
        "WEIGHBRIDGE_STICKY_SALT": "salt",
        "WEIGHBRIDGE_DRAIN_WAIT_S": "0.2",
    }
