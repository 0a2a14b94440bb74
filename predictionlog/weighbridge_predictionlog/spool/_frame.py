"""The frame: magic, length and checksum in front of one payload.

    ┌───────────┬──────────┬─────────┬──────────────────┐
    │ magic (4) │ size (4) │ crc (4) │ payload (size)   │   little-endian
    └───────────┴──────────┴─────────┴──────────────────┘

The magic starts with 0xF5, a byte that UTF-8 never uses: an intact JSON payload cannot
contain it, so a reader that looks for the next frame never lands inside a payload.
The last byte of the magic is the format's version.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

MAGIC = b"\xf5WB\x01"
MAX_PAYLOAD_BYTES = 32 * 1024 * 1024

_HEADER = struct.Struct("<4sII")


@dataclass(frozen=True, slots=True)
class Frame:
    """An intact payload, and where its frame ends in the file."""

    payload: bytes
    end: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no frame although an intact frame follows them."""

    content: bytes
    end: int


def pack(payload: bytes) -> bytes:
    """Return the payload in its frame; ValueError when it is empty or too large."""
    size = len(payload)
    if not 0 < size <= MAX_PAYLOAD_BYTES:
        raise ValueError(f"a payload of {size} bytes: must be 1 to {MAX_PAYLOAD_BYTES}")
    # The size seeds the checksum, so that a changed size is found like a changed payload.
    return _HEADER.pack(MAGIC, size, crc32(payload, size)) + payload


def scan(data: bytes, base: int = 0) -> Iterator[Frame | Damage]:
    """Yield what the bytes hold, in order; `base` is the position of the first in the file.

    Stops before a tail that holds no intact frame: it is still being written, or torn.
    """
    position = 0
    while position < len(data):
        end = _intact_end(data, position)
        if end:
            yield Frame(data[position + _HEADER.size : end], base + end)
            position = end
            continue
        start = _next_intact(data, position + 1)
        if not start:
            return
        yield Damage(data[position:start], base + start)
        position = start


def _intact_end(data: bytes, position: int) -> int:
    """Return where the intact frame at the position ends; 0 when there is none."""
    body = position + _HEADER.size
    if body > len(data):
        return 0
    magic, size, checksum = _HEADER.unpack_from(data, position)
    end: int = body + size
    if magic != MAGIC or not 0 < size <= MAX_PAYLOAD_BYTES or end > len(data):
        return 0
    return end if crc32(memoryview(data)[body:end], size) == checksum else 0


def _next_intact(data: bytes, position: int) -> int:
    """Return where the next intact frame starts, at or after the position; 0 when none does."""
    while (position := data.find(MAGIC, position)) >= 0:
        if _intact_end(data, position):
            return position
        position += 1
    return 0
