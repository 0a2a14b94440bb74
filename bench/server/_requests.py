"""What is asked: real shipments as framed gRPC messages, with the metadata that Envoy adds."""

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from logistics.delay.v1 import delay_service_pb2 as pb
from logistics.delay.v1.shipment_pb2 import DelayReason, ShipmentColumns, TrafficStatus
from weighbridge_server.transport.openinference.inference import open_inference_pb2 as oip
from weighbridge_training.generator import generate

PREDICT: Final = "/logistics.delay.v1.DelayService/Predict"
PREDICT_BATCH: Final = "/logistics.delay.v1.DelayService/PredictBatch"
MODEL_INFER: Final = "/inference.GRPCInferenceService/ModelInfer"
HEADERS: Final[Mapping[str, str]] = {
    "x-request-id": "0c4f1d4e-9f5c-4a47-8f0e-2f6d2f0f3f10",
    "x-idempotency-key": "0c4f1d4e-9f5c-4a47-8f0e-2f6d2f0f3f10",
    "x-attempt": "1",
    "x-envoy-attempt-count": "1",
    "x-user-id": "user-4711",
    "x-route": "weight",
    "x-routed-version": "v7",
    "x-traffic-revision": "0123456789ab",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}
"""The same for every subject, although only the product reads them."""

_SEED: Final = 7
_DATATYPES: Final = {"<f4": "FP32", "<i8": "INT64", "|O": "BYTES"}


def columns(rows: int) -> Mapping[str, Any]:
    """Return generated shipments by column, as the graph takes them."""
    return generate(max(rows, 100), _SEED).table[:rows].columns


def batch_request(rows: int) -> pb.PredictBatchRequest:
    """Ask for many shipments."""
    table = columns(rows)
    message = pb.PredictBatchRequest()
    for field in ShipmentColumns.DESCRIPTOR.fields:
        getattr(message.shipments, field.name).extend(_sent(field.name, table))
    return message


def single_request() -> pb.PredictRequest:
    """Ask for one shipment."""
    sent = batch_request(1).shipments
    request = pb.PredictRequest()
    for field in ShipmentColumns.DESCRIPTOR.fields:
        (value,) = getattr(sent, field.name)
        if field.name == "timestamp_unix_ms":
            request.shipment.timestamp.FromMilliseconds(value)
        else:
            setattr(request.shipment, field.name, value)
    return request


def infer_request(rows: int, inputs: Sequence[str]) -> oip.ModelInferRequest:
    """Ask for many shipments by tensors, their contents as raw bytes."""
    table = columns(rows)
    request = oip.ModelInferRequest(model_name="LogisticsDelayModel")
    for name in inputs:
        values = table[name]
        request.inputs.add(name=name, datatype=_DATATYPES[values.dtype.str], shape=[rows])
        request.raw_input_contents.append(_raw(values))
    return request


def frame(content: bytes) -> bytes:
    """Put a message into gRPC's frame: not compressed, its length, itself."""
    return struct.pack(">BI", 0, len(content)) + content


def _raw(values: npt.NDArray[Any]) -> bytes:
    if values.dtype != np.object_:
        return values.tobytes()
    texts = [str(value).encode() for value in values]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def _sent(name: str, table: Mapping[str, Any]) -> list[Any]:
    if name == "timestamp_unix_ms":
        milliseconds: list[Any] = (table["timestamp"] * 1000 + 250).tolist()
        return milliseconds
    values = table[name]
    if name == "traffic_status":
        return [TrafficStatus.Value(f"TRAFFIC_STATUS_{value.upper()}") for value in values]
    if name == "delay_reason":
        return [DelayReason.Value(f"DELAY_REASON_{value.upper()}") for value in values]
    if values.dtype == np.float32:
        # The shortest decimal of a float32, as callers have it.
        return [float(text) for text in values.astype("U32")]
    return list(values)
