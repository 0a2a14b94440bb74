"""A Weighbridge server in your own process, to test your code against over a real channel."""

from __future__ import annotations

import uuid
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
from google.rpc import status_pb2  # type: ignore[import-untyped]  # no py.typed

from logistics.delay.v1 import delay_service_pb2 as service_pb2
from logistics.delay.v1 import delay_service_pb2_grpc as service_grpc
from logistics.delay.v1 import model_pb2
from weighbridge._convert import decode_columns, decode_shipment
from weighbridge._status import DETAILS_KEY
from weighbridge._target import MESSAGE_SIZES

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from typing_extensions import Self

    from weighbridge._shipment import Shipment

__all__ = ["FakeServer"]


class FakeServer(service_grpc.DelayServiceServicer):
    """Answers every shipment with `probability`, on a free port, within a `with` block.

    Another `routed_version` than `version` makes its answers fall-backs. What arrives is kept:
    `shipments`, and `metadata` with one entry for each attempt. A server that is stopped and
    started again keeps its port.
    """

    def __init__(
        self,
        probability: float = 0.5,
        *,
        version: str = "v7",
        routed_version: str | None = None,
    ) -> None:
        self.probability, self.version = probability, version
        self.routed_version = routed_version or version
        self.shipments: list[Shipment] = []
        self.metadata: list[dict[str, str | bytes]] = []
        self.target = "127.0.0.1:0"
        self._failures: deque[tuple[grpc.StatusCode, str, bytes]] = deque()

    def fail(
        self, code: grpc.StatusCode, message: str = "", *details: Message, times: int = 1
    ) -> None:
        """Let the next attempts fail with a code and google.rpc details."""
        status = status_pb2.Status(code=code.value[0], message=message)
        for detail in details:
            status.details.add().Pack(detail)
        self._failures.extend([(code, message, status.SerializeToString())] * times)

    def start(self) -> None:
        """Listen; `target` is what to give to Client."""
        # A second server on the port must fail to start, and not take half of the calls.
        options = [("grpc.so_reuseport", 0), *MESSAGE_SIZES]
        self._server = grpc.server(ThreadPoolExecutor(max_workers=4), options=options)
        service_grpc.add_DelayServiceServicer_to_server(self, self._server)
        self.target = f"127.0.0.1:{self._server.add_insecure_port(self.target)}"
        self._server.start()

    def stop(self) -> None:
        """End at once; calls under way fail."""
        self._server.stop(grace=None).wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def Predict(
        self, request: service_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> service_pb2.PredictResponse:
        model = self._arrive(context)
        self.shipments.append(decode_shipment(request.shipment))
        return service_pb2.PredictResponse(
            prediction_id=str(uuid.uuid4()),
            probability=self.probability,
            late=self.probability >= 0.5,
            model=model,
        )

    def PredictBatch(
        self, request: service_pb2.PredictBatchRequest, context: grpc.ServicerContext
    ) -> service_pb2.PredictBatchResponse:
        model, rows = self._arrive(context), decode_columns(request.shipments)
        self.shipments += rows
        return service_pb2.PredictBatchResponse(
            prediction_ids=[str(uuid.uuid4()) for _ in rows],
            probabilities=[self.probability] * len(rows),
            late=[self.probability >= 0.5] * len(rows),
            model=model,
        )

    def GetModel(
        self, request: service_pb2.GetModelRequest, context: grpc.ServicerContext
    ) -> service_pb2.GetModelResponse:
        model = model_pb2.ServedModel(model=self._arrive(context), uri="fake://", threshold=0.5)
        model.loaded_time.GetCurrentTime()
        return service_pb2.GetModelResponse(model=model)

    def _arrive(self, context: grpc.ServicerContext) -> model_pb2.ModelVersion:
        self.metadata.append(dict(context.invocation_metadata()))
        facts = {
            "routed-version": self.routed_version,
            "served-by-version": self.version,
            "traffic-revision": "fake",
            "request-id": str(uuid.uuid4()),
        }
        context.send_initial_metadata(tuple((f"x-{name}", fact) for name, fact in facts.items()))
        if self._failures:
            code, message, status = self._failures.popleft()
            context.set_trailing_metadata(((DETAILS_KEY, status),))
            context.abort(code, message)
        return model_pb2.ModelVersion(name="fake", version=self.version[1:], digest="sha256:fake")
