"""The edge: bytes and metadata in, bytes and statuses out."""

from weighbridge_server.transport._errors import (
    InvalidRequestError,
    ListenError,
    MalformedRequestError,
    RequestError,
    TransportError,
    Violation,
)
from weighbridge_server.transport._grpc_server import GrpcServer
from weighbridge_server.transport.delay import COLUMNS, DelayService

__all__ = [
    "COLUMNS",
    "DelayService",
    "GrpcServer",
    "InvalidRequestError",
    "ListenError",
    "MalformedRequestError",
    "RequestError",
    "TransportError",
    "Violation",
]
