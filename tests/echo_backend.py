"""A small real DelayService that echoes metadata, run as `echo_backend.py v6 127.0.0.1:9006`."""

from __future__ import annotations

import json
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.rpc import code_pb2  # type: ignore[import-untyped]  # ships no types
from google.rpc.error_details_pb2 import BadRequest  # type: ignore[import-untyped]  # ships no types
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # ships no types
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

from logistics.delay.v1 import delay_service_pb2 as pb
from logistics.delay.v1.delay_service_pb2_grpc import (
    DelayServiceServicer,
    add_DelayServiceServicer_to_server,
)
from logistics.delay.v1.model_pb2 import ModelVersion, ServedModel

SERVICE = "logistics.delay.v1.DelayService"
# What Envoy's health checks ask for.
HEALTH = "inference.GRPCInferenceService"
REFUSED_ASSET = "refused"
SLOW_ASSET = "slow"  # "slow 12.5" is answered after so many seconds

# Envoy pings each second to notice a frozen server; grpcio's defaults would call that abuse.
_OPTIONS = [
    ("grpc.so_reuseport", 0),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 500),
    ("grpc.max_receive_message_length", 16 << 20),
    ("grpc.max_send_message_length", 16 << 20),
]


class Echo(DelayServiceServicer):
    """Puts its metadata as JSON where a prediction's id would stand."""

    def __init__(self, version: str) -> None:
        self._model = ModelVersion(name="echo", version=version.removeprefix("v"))

    def Predict(  # noqa: N802  named by the proto
        self, request: pb.PredictRequest, context: grpc.ServicerContext
    ) -> pb.PredictResponse:
        if request.shipment.asset_id == REFUSED_ASSET:
            context.abort_with_status(rpc_status.to_status(_refusal()))
        name, _, seconds = request.shipment.asset_id.partition(" ")
        if name == SLOW_ASSET:
            time.sleep(float(seconds))
        metadata = {key: str(value) for key, value in context.invocation_metadata()}
        return pb.PredictResponse(prediction_id=json.dumps(metadata), model=self._model)

    def PredictBatch(  # noqa: N802  named by the proto
        self, request: pb.PredictBatchRequest, context: grpc.ServicerContext
    ) -> pb.PredictBatchResponse:
        rows = len(request.shipments.asset_id)
        return pb.PredictBatchResponse(probabilities=[0.5] * rows, model=self._model)

    def GetModel(  # noqa: N802  named by the proto
        self, request: pb.GetModelRequest, context: grpc.ServicerContext
    ) -> pb.GetModelResponse:
        return pb.GetModelResponse(model=ServedModel(model=self._model))


def _refusal() -> Status:
    status = Status(code=code_pb2.INVALID_ARGUMENT, message="asset_id: refused")
    violation = BadRequest.FieldViolation(field="asset_id", description="refused")
    status.details.add().Pack(BadRequest(field_violations=[violation]))
    return status


def main(version: str, place: str) -> None:
    """Serve until SIGTERM; say NOT_SERVING and go on from SIGUSR1."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=_OPTIONS)
    add_DelayServiceServicer_to_server(Echo(version), server)
    servicer = health.HealthServicer()
    for name in (SERVICE, HEALTH):
        servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    reflection.enable_server_reflection((SERVICE, reflection.SERVICE_NAME), server)
    server.add_insecure_port(place)
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=1))
    not_serving = health_pb2.HealthCheckResponse.NOT_SERVING
    signal.signal(signal.SIGUSR1, lambda *_: servicer.set(HEALTH, not_serving))
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
