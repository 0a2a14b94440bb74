"""From a request's bytes to its message."""

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from weighbridge_server.transport._errors import MalformedRequestError

M = TypeVar("M", bound=Message)


def parse_bytes(kind: type[M], content: bytes) -> M:
    """Parse a request. Raises MalformedRequestError for bytes that are no such message."""
    try:
        return kind.FromString(content)
    except DecodeError:
        raise MalformedRequestError(f"the bytes are no {kind.DESCRIPTOR.full_name}") from None
