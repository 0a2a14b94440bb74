"""What can go wrong at the server's edge.

TransportError
├── ListenError                an address to listen on cannot be had
├── RequestError               a call is wrong in itself
│   ├── NoMessageError         no message came, or none in time
│   ├── MalformedRequestError  the bytes are not the method's message
│   └── FieldsError            fields are at fault, each told by its path
│       ├── InvalidRequestError  they break their rules
│       └── UnknownModelError    they name a model or version that is not served here
├── TooManyCallsError          more calls at once than this server takes
└── AbandonedError             nobody waits for the answer any more
    ├── ExpiredError           its deadline has passed
    └── CancelledError         its caller left before that
"""

from collections.abc import Sequence
from dataclasses import dataclass

_NAMED_IN_TEXT = 3


class TransportError(Exception):
    """Base of this room's errors."""


class ListenError(TransportError):
    """An address to listen on cannot be had."""


class RequestError(TransportError):
    """A call is wrong in itself; to repeat it would not help."""


class NoMessageError(RequestError):
    """No message came, or none in time."""

    def __init__(self, text: str = "the call brought no message; send one request") -> None:
        super().__init__(text)


class MalformedRequestError(RequestError):
    """The bytes are not the method's message."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One bad field, by its path from the request, and what is wrong with it."""

    field: str
    description: str


class FieldsError(RequestError):
    """Fields are at fault; `violations` has each, the text names the first."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        named = [f"{item.field}: {item.description}" for item in violations[:_NAMED_IN_TEXT]]
        rest = len(violations) - len(named)
        more = f"; and {rest} more" if rest else ""
        super().__init__("; ".join(named) + more)
        self.violations = tuple(violations)


class InvalidRequestError(FieldsError):
    """Fields break their rules."""


class UnknownModelError(FieldsError):
    """Fields name a model or a version that is not served here."""


class TooManyCallsError(TransportError):
    """More calls run and wait than this server takes; this one was not begun."""


class AbandonedError(TransportError):
    """Nobody waits for the answer any more."""


class ExpiredError(AbandonedError):
    """The call's deadline has passed."""


class CancelledError(AbandonedError):
    """The caller left before its deadline; or gRPC sent it away, with too large a message."""
