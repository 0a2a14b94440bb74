"""The services in this process, around a real model, with a spool of their own."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from logistics.delay.v1 import delay_service_pb2 as delay_pb
from weighbridge_predictionlog import PredictionRow, Spool, SpoolReader
from weighbridge_server.inference import (
    BatchRows,
    Call,
    Journal,
    Origin,
    Serving,
    Slot,
)
from weighbridge_server.models import Pin, load_model
from weighbridge_server.transport import COLUMNS, DelayService, OpenInferenceService
from weighbridge_server.transport.openinference.inference import open_inference_pb2 as pb


class Counted:
    """What the use cases counted."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, int, int]] = []
        self.unknown: list[tuple[str, int]] = []

    def batch(self, method: str, answered: int, failed: int) -> None:
        self.batches.append((method, answered, failed))

    def unknown_value(self, column: str, count: int = 1) -> None:
        self.unknown.append((column, count))


@dataclass
class Served:
    """Both services as the server calls them; they raise domain errors."""

    serving: Serving
    counted: Counted
    spool_dir: Path

    def __post_init__(self) -> None:
        slot = Slot(self.serving)
        self._open_inference = OpenInferenceService(slot)
        self._delay = DelayService(slot)

    @property
    def rows(self) -> list[PredictionRow]:
        """What the spool holds."""
        return list(SpoolReader(self.spool_dir))

    def infer(self, request: pb.ModelInferRequest) -> pb.ModelInferResponse:
        return self.infer_content(request.SerializeToString())

    def infer_content(self, content: bytes) -> pb.ModelInferResponse:
        answer = self._ask(self._open_inference, "ModelInfer", content)
        return pb.ModelInferResponse.FromString(answer)

    def predict(self, request: delay_pb.PredictRequest) -> delay_pb.PredictResponse:
        answer = self._ask(self._delay, "Predict", request.SerializeToString())
        return delay_pb.PredictResponse.FromString(answer)

    def predict_batch(self, request: delay_pb.PredictBatchRequest) -> delay_pb.PredictBatchResponse:
        answer = self._ask(self._delay, "PredictBatch", request.SerializeToString())
        return delay_pb.PredictBatchResponse.FromString(answer)

    def _ask(self, service: Any, method: str, content: bytes) -> Any:
        call = Call(method, time.perf_counter_ns())
        return service.methods[method](content, call, self.serving)


Serve = Callable[..., Served]


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Load an artefact and serve it as model "m", version "7" where no other is given."""
    spools: list[Spool] = []

    def serve(content: bytes, batch_rows: BatchRows = BatchRows.ALL, version: str = "7") -> Served:
        folder = tmp_path_factory.mktemp("served")
        path = folder / "model.onnx"
        path.write_bytes(content)
        pin = Pin("m", version, path.as_uri(), hashlib.sha256(content).hexdigest())
        spool = Spool(folder / "spool")
        spools.append(spool)
        origin = Origin(pin, pin.label, "test")
        journal = Journal(spool, origin, batch_rows=batch_rows, sample_percent=0)
        model = load_model(pin, COLUMNS, folder, must_fit=False)
        counted = Counted()
        serving = Serving.of(model, journal, counted)
        return Served(serving, counted, folder / "spool")

    yield serve
    for spool in spools:
        spool.close()
