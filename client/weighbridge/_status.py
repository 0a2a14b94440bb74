"""Reads what a failed attempt says, and turns it into the error a caller sees; pure.

The details are read here and not with grpc_status: its reader raises where a proxy has reworded
the message, and would then hide the failure itself. It also reads synchronous calls only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2 as details_pb2  # type: ignore[import-untyped]  # no py.typed
from google.rpc import status_pb2

from weighbridge._errors import ERROR_BY_CODE, CallError, FieldViolation, Internal, listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from grpc import StatusCode

    from weighbridge._results import Answer

    Metadata = Iterable[tuple[str, str | bytes]]

DETAILS_KEY = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an attempt failed."""

    code: StatusCode
    details: str = ""
    reason: str | None = None
    violations: tuple[FieldViolation, ...] = ()
    retry_after_s: float | None = None


def read_failure(code: StatusCode, details: str | None, trailing: Metadata) -> Failure:
    """Read a status and its google.rpc details; details that cannot be read are left out."""
    bad_request, error_info, retry_info = (
        details_pb2.BadRequest(),
        details_pb2.ErrorInfo(),
        details_pb2.RetryInfo(),
    )
    retry_after_s = None
    try:
        for detail in _status(trailing).details:
            detail.Unpack(bad_request)
            detail.Unpack(error_info)
            if detail.Unpack(retry_info):
                delay = retry_info.retry_delay
                retry_after_s = max(0.0, delay.seconds + delay.nanos / 1e9)
    except DecodeError:
        bad_request.Clear()
    return Failure(
        code=code,
        details=details or "",
        reason=error_info.reason or None,
        violations=tuple(
            FieldViolation(found.field, found.description) for found in bad_request.field_violations
        ),
        retry_after_s=retry_after_s,
    )


def call_error(method: str, failure: Failure, answer: Answer, hint: str | None = None) -> CallError:
    """Make the error of a call; a hint takes the place of the class's usual next step."""
    kind = ERROR_BY_CODE.get(failure.code, Internal)
    told = [f"{method} failed with {failure.code.name}: {failure.details or 'no reason given'}"]
    if failure.violations:
        told.append(f" [{listed(failure.violations)}]")
    told.append(f" ({_where(answer)}). {hint or kind.next_step}")
    return kind(
        "".join(told),
        code=failure.code,
        details=failure.details,
        reason=failure.reason,
        violations=failure.violations,
        retry_after_s=failure.retry_after_s,
        request_id=answer.request_id,
        routed_version=answer.routed_version,
        served_version=answer.served_version,
        traffic_revision=answer.traffic_revision,
        attempts=answer.attempts,
    )


def _status(trailing: Metadata) -> Any:
    for key, value in trailing:
        if key == DETAILS_KEY and isinstance(value, bytes):
            return status_pb2.Status.FromString(value)
    return status_pb2.Status()


def _where(answer: Answer) -> str:
    facts = [f"{answer.attempts} attempt{'s' if answer.attempts != 1 else ''}"]
    if answer.fell_back:
        facts.append(f"routed to {answer.routed_version}")
    if answer.served_version:
        facts.append(f"served by {answer.served_version}")
    if answer.traffic_revision:
        facts.append(f"traffic revision {answer.traffic_revision}")
    if answer.request_id:
        facts.append(f"request id {answer.request_id}")
    return ", ".join(facts)
