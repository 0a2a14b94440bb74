"""Our values to protobuf messages and back; pure."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from google.protobuf.timestamp_pb2 import Timestamp

from logistics.delay.v1 import delay_service_pb2 as service_pb2
from logistics.delay.v1 import model_pb2, shipment_pb2
from weighbridge import _results as results
from weighbridge._shipment import SHIPMENT_FIELDS, DelayReason, Shipment, TrafficStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)
# Any, because the stubs want enum types of their own, which nothing at run time makes.
_TRAFFIC_STATUS: dict[TrafficStatus, Any] = {
    member: shipment_pb2.TrafficStatus.Value(f"TRAFFIC_STATUS_{member.name}")
    for member in TrafficStatus
}
_DELAY_REASON: dict[DelayReason, Any] = {
    member: shipment_pb2.DelayReason.Value(f"DELAY_REASON_{member.name}") for member in DelayReason
}
_STATUS_MEMBER = {value: member for member, value in _TRAFFIC_STATUS.items()}
_REASON_MEMBER = {value: member for member, value in _DELAY_REASON.items()}
# Numbers, so that a server may send what this client does not know yet.
_MODES: dict[int, str] = {
    model_pb2.SOURCE_MODE_PINNED: "pinned",
    model_pb2.SOURCE_MODE_ALIAS: "alias",
}
_SOURCES: dict[int, str] = {
    model_pb2.BYTES_SOURCE_STORE: "store",
    model_pb2.BYTES_SOURCE_CACHE: "cache",
}
_UNCHANGED = tuple(
    name for name in SHIPMENT_FIELDS if name not in {"timestamp", "traffic_status", "delay_reason"}
)


def encode_shipment(shipment: Shipment) -> shipment_pb2.Shipment:
    """Put a shipment into its message."""
    timestamp = Timestamp()
    timestamp.FromDatetime(shipment.timestamp)
    values: dict[str, Any] = {name: getattr(shipment, name) for name in _UNCHANGED}
    return shipment_pb2.Shipment(
        timestamp=timestamp,
        traffic_status=_TRAFFIC_STATUS[shipment.traffic_status],
        delay_reason=_DELAY_REASON[shipment.delay_reason],
        **values,
    )


def decode_shipment(message: shipment_pb2.Shipment) -> Shipment:
    """Read a shipment; InvalidShipment where a field is absent."""
    values: dict[str, object] = {
        name: getattr(message, name) for name in SHIPMENT_FIELDS if message.HasField(name)
    }
    if "timestamp" in values:
        values["timestamp"] = message.timestamp.ToDatetime(timezone.utc)
    if "traffic_status" in values:
        values["traffic_status"] = _STATUS_MEMBER.get(message.traffic_status)
    if "delay_reason" in values:
        values["delay_reason"] = _REASON_MEMBER.get(message.delay_reason)
    return Shipment.from_mapping(values)


def encode_columns(shipments: Sequence[Shipment]) -> shipment_pb2.ShipmentColumns:
    """Turn rows into columns; timestamps are cut to the millisecond."""
    columns: dict[str, Any] = {
        name: [getattr(shipment, name) for shipment in shipments] for name in _UNCHANGED
    }
    return shipment_pb2.ShipmentColumns(
        timestamp_unix_ms=[(row.timestamp - _EPOCH) // _MILLISECOND for row in shipments],
        traffic_status=[_TRAFFIC_STATUS[row.traffic_status] for row in shipments],
        delay_reason=[_DELAY_REASON[row.delay_reason] for row in shipments],
        **columns,
    )


def decode_columns(message: shipment_pb2.ShipmentColumns) -> list[Shipment]:
    """Turn columns of equal length back into rows."""
    columns: dict[str, list[Any]] = {name: list(getattr(message, name)) for name in _UNCHANGED}
    columns["timestamp"] = [
        _EPOCH + unix_ms * _MILLISECOND for unix_ms in message.timestamp_unix_ms
    ]
    columns["traffic_status"] = [_STATUS_MEMBER.get(value) for value in message.traffic_status]
    columns["delay_reason"] = [_REASON_MEMBER.get(value) for value in message.delay_reason]
    rows = zip(*columns.values(), strict=True)
    return [Shipment.from_mapping(dict(zip(columns, row, strict=True))) for row in rows]


def decode_prediction(
    message: service_pb2.PredictResponse, answer: results.Answer
) -> results.Prediction:
    """Read the answer of Predict."""
    return results.Prediction(
        probability=message.probability,
        late=message.late,
        prediction_id=message.prediction_id,
        model=_model_version(message.model),
        **_facts(answer),
    )


def decode_batch(
    message: service_pb2.PredictBatchResponse, answer: results.Answer
) -> results.BatchPrediction:
    """Read the answer of PredictBatch."""
    return results.BatchPrediction(
        probabilities=tuple(message.probabilities),
        late=tuple(message.late),
        prediction_ids=tuple(message.prediction_ids),
        errors=tuple(
            results.RowError(row=error.row, field=error.field, description=error.description)
            for error in message.errors
        ),
        model=_model_version(message.model),
        **_facts(answer),
    )


def decode_model(
    message: service_pb2.GetModelResponse, answer: results.Answer
) -> results.ServedModel:
    """Read the answer of GetModel."""
    served = message.model
    return results.ServedModel(
        model=_model_version(served.model),
        uri=served.uri,
        run_id=served.run_id,
        loaded_time=served.loaded_time.ToDatetime(timezone.utc),
        threshold=None if math.isnan(served.threshold) else served.threshold,
        inputs=tuple(_tensor_spec(spec) for spec in served.inputs),
        outputs=tuple(_tensor_spec(spec) for spec in served.outputs),
        training_metrics=dict(served.training_metrics),
        alias=served.alias,
        mode=_MODES.get(served.mode, ""),
        source=_SOURCES.get(served.source, ""),
        last_error=_load_failure(served.last_error) if served.HasField("last_error") else None,
        **_facts(answer),
    )


def _load_failure(message: model_pb2.LoadFailure) -> results.LoadFailure:
    return results.LoadFailure(
        description=message.description,
        reason=message.reason,
        version=message.version,
        failed_time=message.failed_time.ToDatetime(timezone.utc),
        attempts=message.attempts,
    )


def _facts(answer: results.Answer) -> dict[str, Any]:
    return {name: getattr(answer, name) for name in results.Answer.__slots__}


def _model_version(message: model_pb2.ModelVersion) -> results.ModelVersion:
    return results.ModelVersion(name=message.name, version=message.version, digest=message.digest)


def _tensor_spec(message: model_pb2.TensorSpec) -> results.TensorSpec:
    return results.TensorSpec(
        name=message.name, datatype=message.datatype, shape=tuple(message.shape)
    )
