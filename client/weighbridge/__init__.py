"""Client SDK for models that are being changed underneath.

`Client` asks, `Shipment` is what is asked about, `Prediction` is what comes back, and
`WeighbridgeError` is the root of what can go wrong. `weighbridge.testing` has a server to test
against.
"""

from weighbridge._client import Client
from weighbridge._errors import (
    CallError,
    Cancelled,
    ClientClosed,
    DeadlineExceeded,
    FailedPrecondition,
    FieldViolation,
    Internal,
    InvalidArgument,
    InvalidShipment,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    SettingsError,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    WeighbridgeError,
)
from weighbridge._results import (
    Answer,
    BatchPrediction,
    LoadFailure,
    ModelVersion,
    Prediction,
    RowError,
    ServedModel,
    TensorSpec,
)
from weighbridge._settings import UNSET, Retry, Token, Unset
from weighbridge._shipment import DelayReason, Shipment, ShipmentLike, TrafficStatus

__all__ = [
    "UNSET",
    "Answer",
    "BatchPrediction",
    "CallError",
    "Cancelled",
    "Client",
    "ClientClosed",
    "DeadlineExceeded",
    "DelayReason",
    "FailedPrecondition",
    "FieldViolation",
    "Internal",
    "InvalidArgument",
    "InvalidShipment",
    "LoadFailure",
    "ModelVersion",
    "NotFound",
    "PermissionDenied",
    "Prediction",
    "ResourceExhausted",
    "Retry",
    "RowError",
    "ServedModel",
    "SettingsError",
    "Shipment",
    "ShipmentLike",
    "TensorSpec",
    "Token",
    "TrafficStatus",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "Unset",
    "WeighbridgeError",
]
