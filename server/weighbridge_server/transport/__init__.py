"""The edge: bytes and metadata in, bytes and statuses out."""

from weighbridge_server.transport._errors import (
    InvalidRequestError,
    ListenError,
    MalformedRequestError,
    RequestError,
    TooManyCallsError,
    TransportError,
    Violation,
)
from weighbridge_server.transport._grpc_server import GrpcServer
from weighbridge_server.transport._metrics_listener import MetricsListener
from weighbridge_server.transport.delay import COLUMNS, DelayService
from weighbridge_server.transport.openinference import OpenInferenceService

__all__ = [
    "COLUMNS",
    "DelayService",
    "GrpcServer",
    "InvalidRequestError",
    "ListenError",
    "MalformedRequestError",
    "MetricsListener",
    "OpenInferenceService",
    "RequestError",
    "TooManyCallsError",
    "TransportError",
    "Violation",
]
