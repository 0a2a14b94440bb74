"""Between the delay messages and what the use cases know: columns by name, predictions."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from logistics.delay.v1 import delay_service_pb2 as pb
from logistics.delay.v1 import model_pb2, shipment_pb2
from weighbridge_server.inference import Columns, LoadFailure, Values
from weighbridge_server.models import (
    NUMBERS,
    TEXTS,
    WHOLE_NUMBERS,
    BytesSource,
    ReadyModel,
    TensorSpec,
)
from weighbridge_server.transport.delay._answer import version_message
from weighbridge_server.transport.delay._columns import FIRST


def _labels(enum: Any) -> dict[int, str]:
    """Name an enum's values as the data does: TRAFFIC_STATUS_CLEAR of TrafficStatus is "clear"."""
    names = {value.number: value.name for value in enum.DESCRIPTOR.values}
    prefix = len(names[0].removesuffix("UNSPECIFIED"))
    return {number: name[prefix:].lower() for number, name in names.items()}


_ENUMS: Final = MappingProxyType(
    {
        "traffic_status": _labels(shipment_pb2.TrafficStatus),
        "delay_reason": _labels(shipment_pb2.DelayReason),
    }
)
# By number, and last what stands for a number that is not defined.
_TABLES: Final = MappingProxyType(
    {
        name: np.array([*(labels[number] for number in range(len(labels))), ""], np.object_)
        for name, labels in _ENUMS.items()
    }
)
_NUMBERS: Final = tuple(
    field.name
    for field in shipment_pb2.Shipment.DESCRIPTOR.fields
    if field.type == field.TYPE_DOUBLE
)
_TRAFFIC: Final = _ENUMS["traffic_status"]
_REASON: Final = _ENUMS["delay_reason"]
_MODES: Final = MappingProxyType(
    {
        "pinned": model_pb2.SourceMode.SOURCE_MODE_PINNED,
        "alias": model_pb2.SourceMode.SOURCE_MODE_ALIAS,
    }
)
_SOURCES: Final = MappingProxyType(
    {
        BytesSource.STORE: model_pb2.BytesSource.BYTES_SOURCE_STORE,
        BytesSource.CACHE: model_pb2.BytesSource.BYTES_SOURCE_CACHE,
    }
)

_EPOCH: Final = datetime(1970, 1, 1)  # naive: no zone in its text

COLUMNS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "timestamp": WHOLE_NUMBERS,
        "asset_id": TEXTS,
        **dict.fromkeys(_NUMBERS, NUMBERS),
        **dict.fromkeys(_ENUMS, TEXTS),
    }
)
"""What requests can supply to a graph; timestamp in whole seconds since 1970-01-01 UTC."""


def values_of(shipment: shipment_pb2.Shipment) -> Values:
    """Read a valid shipment as one row."""
    values: dict[str, float | int | str] = {name: getattr(shipment, name) for name in _NUMBERS}
    values["timestamp"] = shipment.timestamp.seconds
    values["asset_id"] = shipment.asset_id
    values["traffic_status"] = _TRAFFIC[shipment.traffic_status]
    values["delay_reason"] = _REASON[shipment.delay_reason]
    return values


def given_values(values: Values, shipment: shipment_pb2.Shipment) -> Values:
    """Return a row as it is logged: the graph's, but the time as given, to the millisecond."""
    time = shipment.timestamp
    # datetime writes one time at a fifth of what numpy's array of one costs.
    moment = _EPOCH + timedelta(seconds=time.seconds, microseconds=time.nanos // 1000)
    return {**values, "timestamp": moment.isoformat(timespec="milliseconds") + "Z"}


def raw_columns_of(columns: shipment_pb2.ShipmentColumns) -> Mapping[str, npt.NDArray[Any]]:
    """Read the columns as sent, by Shipment's field names: milliseconds, enum numbers."""
    raw: dict[str, npt.NDArray[Any]] = {
        name: np.array(getattr(columns, name), np.float64) for name in _NUMBERS
    }
    raw["timestamp"] = np.array(getattr(columns, FIRST), np.int64)
    raw["asset_id"] = np.array(columns.asset_id, np.object_)
    raw |= {name: np.array(getattr(columns, name), np.int32) for name in _ENUMS}
    return raw


def columns_of(raw: Mapping[str, npt.NDArray[Any]]) -> Columns:
    """Turn columns as sent into the ones a graph takes: seconds, enum labels ("" for none)."""
    columns = dict(raw)
    columns["timestamp"] = raw["timestamp"] // 1000
    for name, table in _TABLES.items():
        numbers, none = raw[name], len(table) - 1
        columns[name] = table[np.where((numbers >= 0) & (numbers < none), numbers, none)]
    return columns


def given_columns(columns: Columns, raw: Mapping[str, npt.NDArray[Any]]) -> Columns:
    """Return rows as they are logged, see `given_values`."""
    return {**columns, "timestamp": _times(raw["timestamp"])}


def _times(milliseconds: Any) -> npt.NDArray[Any]:
    """Write unix times as ISO 8601, such as 2023-11-14T22:13:20.250Z."""
    moments = np.asarray(milliseconds, np.int64).astype("datetime64[ms]")
    return np.datetime_as_string(moments, timezone="UTC")


def model_message(model: ReadyModel, failure: LoadFailure | None) -> pb.GetModelResponse:
    """Tell all that is known of the loaded model."""
    served = model_pb2.ServedModel(
        model=version_message(model.pin),
        uri=model.pin.uri,
        run_id=model.metadata.run_id,
        threshold=_threshold(model),
        inputs=[_tensor_message(spec) for spec in model.signature.inputs],
        outputs=[_tensor_message(spec) for spec in model.signature.outputs],
        training_metrics=model.metadata.metrics,
        alias=model.pin.alias or "",
        mode=_MODES[model.pin.mode],
        source=_SOURCES[model.source],
    )
    served.loaded_time.FromDatetime(model.loaded_at)
    if failure is not None:
        served.last_error.CopyFrom(_failure_message(failure))
    return pb.GetModelResponse(model=served)


def _threshold(model: ReadyModel) -> float:
    threshold = model.metadata.threshold
    return math.nan if threshold is None else threshold


def _failure_message(failure: LoadFailure) -> model_pb2.LoadFailure:
    message = model_pb2.LoadFailure(
        description=failure.description,
        reason=failure.reason,
        version=failure.version,
        attempts=failure.attempts,
    )
    message.failed_time.FromDatetime(failure.failed_at)
    return message


def _tensor_message(spec: TensorSpec) -> model_pb2.TensorSpec:
    return model_pb2.TensorSpec(name=spec.name, datatype=spec.datatype, shape=spec.shape)
