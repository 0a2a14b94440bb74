"""The one table from domain errors to gRPC codes, and the status that tells them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import (  # type: ignore[import-untyped]  # it has no types
    BadRequest,
    ErrorInfo,
)
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # it has no types
from grpc_status import rpc_status

from weighbridge_server.models import (
    ArtefactMissingError,
    BrokenArtefactError,
    DigestMismatchError,
    ModelRunError,
    RegistryUnreachableError,
    SignatureError,
    SmokeTestError,
    StoreUnreachableError,
    UnresolvedAliasError,
)
from weighbridge_server.transport._errors import InvalidRequestError, MalformedRequestError

CODES: Final[Mapping[type[Exception], grpc.StatusCode]] = MappingProxyType(
    {
        MalformedRequestError: grpc.StatusCode.INVALID_ARGUMENT,
        InvalidRequestError: grpc.StatusCode.INVALID_ARGUMENT,
        SignatureError: grpc.StatusCode.FAILED_PRECONDITION,
        ArtefactMissingError: grpc.StatusCode.FAILED_PRECONDITION,
        BrokenArtefactError: grpc.StatusCode.FAILED_PRECONDITION,
        DigestMismatchError: grpc.StatusCode.FAILED_PRECONDITION,
        SmokeTestError: grpc.StatusCode.FAILED_PRECONDITION,
        UnresolvedAliasError: grpc.StatusCode.FAILED_PRECONDITION,
        RegistryUnreachableError: grpc.StatusCode.UNAVAILABLE,
        StoreUnreachableError: grpc.StatusCode.UNAVAILABLE,
        ModelRunError: grpc.StatusCode.INTERNAL,
    }
)

DOMAIN: Final = "weighbridge"
UNKNOWN_TEXT: Final = "the server failed; its log has the cause under this call's request id"


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as the caller and the log row see it."""

    code: grpc.StatusCode
    status: grpc.Status
    field: str | None
    expected: bool


def describe_failure(error: Exception) -> Failure:
    """Look the error up; one that is not in the table tells the caller nothing of the inside."""
    code = CODES.get(type(error))
    if code is None or code is grpc.StatusCode.INTERNAL:
        internal = grpc.StatusCode.INTERNAL
        return Failure(internal, _status(internal, UNKNOWN_TEXT, "INTERNAL"), None, False)
    reason = _reason(error)
    if isinstance(error, InvalidRequestError):
        status = _status(code, str(error), reason, _bad_request(error))
        return Failure(code, status, error.violations[0].field, True)
    return Failure(code, _status(code, str(error), reason), None, True)


def _reason(error: Exception) -> str:
    """Name the error as ErrorInfo wants it: InvalidRequestError is INVALID_REQUEST."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__.removesuffix("Error")).upper()


def _bad_request(error: InvalidRequestError) -> BadRequest:
    return BadRequest(
        field_violations=[
            BadRequest.FieldViolation(field=item.field, description=item.description)
            for item in error.violations
        ]
    )


def _status(code: grpc.StatusCode, text: str, reason: str, *details: BadRequest) -> grpc.Status:
    packed = [AnyMessage(), *(AnyMessage() for _ in details)]
    packed[0].Pack(ErrorInfo(reason=reason, domain=DOMAIN))
    for any_message, detail in zip(packed[1:], details, strict=True):
        any_message.Pack(detail)
    return rpc_status.to_status(Status(code=code.value[0], message=text, details=packed))
