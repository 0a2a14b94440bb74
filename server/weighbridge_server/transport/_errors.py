"""What can go wrong at the server's edge.

TransportError
├── ListenError                the address to listen on cannot be had
└── RequestError               a call is wrong in itself
    ├── MalformedRequestError  the bytes are not the method's message
    └── InvalidRequestError    fields break their rules
"""

from collections.abc import Sequence
from dataclasses import dataclass

_NAMED_IN_TEXT = 3


class TransportError(Exception):
    """Base of this room's errors."""


class ListenError(TransportError):
    """The address to listen on cannot be had."""


class RequestError(TransportError):
    """A call is wrong in itself; to repeat it would not help."""


class MalformedRequestError(RequestError):
    """The bytes are not the method's message."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One bad field, by its path from the request, and what is wrong with it."""

    field: str
    description: str


class InvalidRequestError(RequestError):
    """Fields break their rules; `violations` has each, the text names the first."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        named = [f"{item.field}: {item.description}" for item in violations[:_NAMED_IN_TEXT]]
        rest = len(violations) - len(named)
        more = f"; and {rest} more" if rest else ""
        super().__init__("; ".join(named) + more)
        self.violations = tuple(violations)
