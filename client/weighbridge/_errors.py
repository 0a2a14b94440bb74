"""Everything the SDK raises.

WeighbridgeError
├── SettingsError          a setting that cannot work; also a ValueError
├── InvalidShipment        an input refused before any call; also a ValueError
├── ClientClosed           a call on a client that was closed
└── CallError              the call was made and failed: code, request_id, attempts, retryable
    ├── InvalidArgument        violations name the fields
    ├── Unauthenticated        no credential, or one that is not accepted
    ├── PermissionDenied       the credential does not allow this
    ├── NotFound
    ├── FailedPrecondition     the model that is loaded cannot answer this
    ├── ResourceExhausted      too large or too many
    ├── Unavailable            nothing could answer
    ├── DeadlineExceeded       no answer in time
    ├── Cancelled
    ├── Unimplemented          the server does not know this method
    └── Internal               a fault on the server's side
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from grpc import StatusCode

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN_VIOLATIONS = 5
_WORTH_REPEATING = frozenset(
    {
        StatusCode.UNAVAILABLE,
        StatusCode.CANCELLED,
        StatusCode.DEADLINE_EXCEEDED,
        StatusCode.ABORTED,
    }
)


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field that was refused, and why."""

    field: str
    description: str

    def __str__(self) -> str:
        return f"{self.field}: {self.description}"


def listed(violations: Sequence[FieldViolation]) -> str:
    """Join the first violations into one line: a batch may have thousands."""
    shown = "; ".join(str(violation) for violation in violations[:_SHOWN_VIOLATIONS])
    hidden = len(violations) - _SHOWN_VIOLATIONS
    return f"{shown}; and {hidden} more" if hidden > 0 else shown


class WeighbridgeError(Exception):
    """Base of everything the SDK raises."""


class SettingsError(WeighbridgeError, ValueError):
    """A setting that cannot work; the message names it."""


class InvalidShipment(WeighbridgeError, ValueError):
    """An input refused before any call was made; `violations` name its fields."""

    def __init__(self, message: str, *, violations: tuple[FieldViolation, ...] = ()) -> None:
        super().__init__(message)
        self.violations = violations


class ClientClosed(WeighbridgeError):
    """A call on a client that was closed, or closed while the call waited to be retried."""


class CallError(WeighbridgeError):
    """A call that was made and failed; the RpcError is kept as `__cause__`."""

    next_step: ClassVar[str] = "Look the request id up in the server's log."

    # Every keyword has a default so that errors survive pickling between processes.
    def __init__(
        self,
        message: str,
        *,
        code: StatusCode = StatusCode.UNKNOWN,
        details: str = "",
        reason: str | None = None,
        violations: tuple[FieldViolation, ...] = (),
        retry_after_s: float | None = None,
        request_id: str | None = None,
        routed_version: str | None = None,
        served_version: str | None = None,
        traffic_revision: str | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.details = details
        self.reason = reason
        self.violations = violations
        self.retry_after_s = retry_after_s
        self.request_id = request_id
        self.routed_version = routed_version
        self.served_version = served_version
        self.traffic_revision = traffic_revision
        self.attempts = attempts

    @property
    def retryable(self) -> bool:
        """Whether the same call, made again later, could succeed."""
        return self.retry_after_s is not None or self.code in _WORTH_REPEATING


class InvalidArgument(CallError):
    """The server refused the input."""

    next_step = "Correct the named fields; repeating the call as it is cannot help."


class Unauthenticated(CallError):
    """A credential is missing, expired or not accepted."""

    next_step = "Give a fresh token: a callable as token= is asked before every attempt."


class PermissionDenied(CallError):
    """The credential does not allow the call."""

    next_step = "Pinning needs a token whose scope holds pin-version; unpinned calls need none."


class NotFound(CallError):
    """What was asked for does not exist."""

    next_step = "Check that the target is Weighbridge's ingress."


class FailedPrecondition(CallError):
    """The system is not in a state to answer the call."""

    next_step = "The model that is loaded cannot answer this; tell the operators the request id."


class ResourceExhausted(CallError):
    """Too large or too many."""

    next_step = "Send smaller batches, or call less often; see retry_after_s."


class Unavailable(CallError):
    """Nothing could answer, after every allowed attempt."""

    next_step = "Call again later; if it lasts, check that the ingress and its servers are up."


class DeadlineExceeded(CallError):
    """No answer came within timeout_s."""

    next_step = (
        "Call again, or give more timeout_s: the ingress allows what a call asks for, up to 60 s, "
        "and 10 s where timeout_s is None."
    )


class Cancelled(CallError):
    """Servers that stopped gave the call up unbegun, at each attempt; or the client was closed."""

    next_step = "Try again later, and close the client only after its calls have ended."


class Unimplemented(CallError):
    """The server does not know the method."""

    next_step = "Check the target, and that the server is not older than this SDK."


class Internal(CallError):
    """A fault on the server's side."""


ERROR_BY_CODE: dict[StatusCode, type[CallError]] = {
    StatusCode.CANCELLED: Cancelled,
    StatusCode.UNKNOWN: Internal,
    StatusCode.INVALID_ARGUMENT: InvalidArgument,
    StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    StatusCode.NOT_FOUND: NotFound,
    StatusCode.ALREADY_EXISTS: FailedPrecondition,
    StatusCode.PERMISSION_DENIED: PermissionDenied,
    StatusCode.RESOURCE_EXHAUSTED: ResourceExhausted,
    StatusCode.FAILED_PRECONDITION: FailedPrecondition,
    StatusCode.ABORTED: Unavailable,
    StatusCode.OUT_OF_RANGE: InvalidArgument,
    StatusCode.UNIMPLEMENTED: Unimplemented,
    StatusCode.INTERNAL: Internal,
    StatusCode.UNAVAILABLE: Unavailable,
    StatusCode.DATA_LOSS: Internal,
    StatusCode.UNAUTHENTICATED: Unauthenticated,
}
