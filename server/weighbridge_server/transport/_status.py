"""The one table from domain errors to gRPC codes, and the status that tells them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import (  # type: ignore[import-untyped]  # it has no types
    BadRequest,
    ErrorInfo,
    RetryInfo,
)
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # it has no types
from grpc_status import rpc_status

from weighbridge_server.inference import UnfitTensorsError
from weighbridge_server.models import (
    ModelRunError,
    SignatureError,
    TensorsRefusedError,
    reason_of,
)
from weighbridge_server.transport._errors import (
    CancelledError,
    ExpiredError,
    FieldsError,
    InvalidRequestError,
    MalformedRequestError,
    NoMessageError,
    TooManyCallsError,
    UnknownModelError,
    Violation,
)

CODES: Final[Mapping[type[BaseException], grpc.StatusCode]] = MappingProxyType(
    {
        NoMessageError: grpc.StatusCode.INVALID_ARGUMENT,
        MalformedRequestError: grpc.StatusCode.INVALID_ARGUMENT,
        InvalidRequestError: grpc.StatusCode.INVALID_ARGUMENT,
        TensorsRefusedError: grpc.StatusCode.INVALID_ARGUMENT,
        UnfitTensorsError: grpc.StatusCode.INVALID_ARGUMENT,
        UnknownModelError: grpc.StatusCode.NOT_FOUND,
        SignatureError: grpc.StatusCode.FAILED_PRECONDITION,
        ModelRunError: grpc.StatusCode.INTERNAL,
        TooManyCallsError: grpc.StatusCode.RESOURCE_EXHAUSTED,
        ExpiredError: grpc.StatusCode.DEADLINE_EXCEEDED,
        CancelledError: grpc.StatusCode.CANCELLED,
    }
)

DOMAIN: Final = "weighbridge"
# A status travels in headers, and clients take no more than 8 KiB of them. The text is there twice,
# once with three characters for each byte that is not ASCII; all but that is written in base64.
_MAX_TEXT_BYTES: Final = 800
_MAX_LIST_BYTES: Final = 2_600
# Long enough for a few calls to end; a caller with a back-off of its own may wait longer.
RETRY_DELAY_MS: Final = 100
UNKNOWN_TEXT: Final = "the server failed; its log has the cause under this call's request id"


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as the caller and the log row see it."""

    code: grpc.StatusCode
    status: grpc.Status
    field: str | None
    expected: bool


def describe_failure(error: BaseException) -> Failure:
    """Look the error up; one that is not in the table tells the caller nothing of the inside."""
    code = CODES.get(type(error))
    if code is None or code is grpc.StatusCode.INTERNAL:
        internal = grpc.StatusCode.INTERNAL
        return Failure(internal, _status(internal, UNKNOWN_TEXT, "INTERNAL"), None, False)
    reason = reason_of(error)
    if isinstance(error, FieldsError):
        status = _status(code, str(error), reason, _bad_request(error.violations))
        return Failure(code, status, error.violations[0].field, True)
    if isinstance(error, TooManyCallsError):
        # The one error with advice to retry: nothing was done, and soon there may be room.
        retry = RetryInfo()
        retry.retry_delay.FromMilliseconds(RETRY_DELAY_MS)
        return Failure(code, _status(code, str(error), reason, retry), None, True)
    return Failure(code, _status(code, str(error), reason), None, True)


def _bad_request(violations: Sequence[Violation]) -> BadRequest:
    """List the violations, as many as there is room for; the last entry counts the others."""
    listed, room = BadRequest(), _MAX_LIST_BYTES
    for index, item in enumerate(violations):
        found = BadRequest.FieldViolation(
            field=item.field, description=_shortened(item.description)
        )
        room -= found.ByteSize()
        if room < 0:
            listed.field_violations.add(description=f"and {len(violations) - index} more")
            break
        listed.field_violations.append(found)
    return listed


def _shortened(text: str) -> str:
    """Cut the middle out of a text that is too long: its end says what to do."""
    content = text.encode()
    if len(content) <= _MAX_TEXT_BYTES:
        return text
    half = _MAX_TEXT_BYTES // 2
    head, tail = (part.decode(errors="ignore") for part in (content[:half], content[-half:]))
    return f"{head} (and {len(text) - len(head) - len(tail)} more characters) {tail}"


def _status(code: grpc.StatusCode, text: str, reason: str, *details: Message) -> grpc.Status:
    text = _shortened(text)
    packed = [AnyMessage(), *(AnyMessage() for _ in details)]
    packed[0].Pack(ErrorInfo(reason=reason, domain=DOMAIN))
    for any_message, detail in zip(packed[1:], details, strict=True):
        any_message.Pack(detail)
    return rpc_status.to_status(Status(code=code.value[0], message=text, details=packed))
