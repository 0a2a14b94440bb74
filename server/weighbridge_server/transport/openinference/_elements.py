"""A tensor's elements on the wire and in numpy: one table for all data types."""

import struct
from collections.abc import Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any, Final, Protocol

import numpy as np

from weighbridge_server.models import Tensor

# From here on protobuf's own buffer is copied at once; for few numbers the way there costs more.
_MANY: Final = 64
_LENGTH: Final = struct.Struct("<I")


class ElementsError(ValueError):
    """The elements are not what data type and shape say; the text completes "the tensor …"."""


class Elements(Protocol):
    """How the elements of one data type are written."""

    @property
    def field(self) -> str | None:
        """Return the field of InferTensorContents; None where elements can only be raw."""

    def from_raw(self, content: bytes, shape: list[int], count: int) -> Tensor:
        """Read raw contents. Raises ElementsError."""

    def from_typed(self, values: Any, shape: list[int], count: int) -> Tensor:
        """Read the field's values. Raises ElementsError."""

    def to_raw(self, tensor: Tensor) -> bytes:
        """Write raw contents."""

    def to_typed(self, tensor: Tensor) -> Sequence[Any]:
        """Write the field's values."""


class Numbers:
    """Numbers of one width, little-endian; `carrier` is the numpy type of the typed field."""

    def __init__(self, dtype: str, field: str | None, carrier: str | None = None) -> None:
        self.field = field
        self._dtype = np.dtype(dtype)
        self._carrier = np.dtype(carrier or dtype)

    def from_raw(self, content: bytes, shape: list[int], count: int) -> Tensor:
        """Read without a copy; the tensor cannot be written to."""
        if len(content) != count * self._dtype.itemsize:
            raise ElementsError(
                f"has {len(content)} bytes where {count} elements "
                f"of {self._dtype.itemsize} bytes are {count * self._dtype.itemsize}"
            )
        return np.ndarray(shape, self._dtype, content)

    def from_typed(self, values: Any, shape: list[int], count: int) -> Tensor:
        """Read the numbers of a field that may be wider than the data type."""
        _check_count(values, count)
        if count < _MANY:
            carried = np.fromiter(values, self._carrier, count)
        else:
            carried = np.array(values, self._carrier)
        found: Tensor = carried.astype(self._dtype, copy=False)
        if self._dtype is not self._carrier and (differs := found != carried).any():
            index = int(differs.argmax())
            raise ElementsError(f"has {carried[index]} as element {index}, beyond its data type")
        return found.reshape(shape)

    def to_raw(self, tensor: Tensor) -> bytes:
        """Write in row-major order, whatever the order in memory."""
        return tensor.astype(self._dtype, copy=False).tobytes()

    def to_typed(self, tensor: Tensor) -> Sequence[Any]:
        """Write as Python's numbers."""
        values: list[Any] = tensor.ravel().tolist()
        return values


class Truths(Numbers):
    """Truth values, a byte each."""

    def __init__(self) -> None:
        super().__init__("?", "bool_contents")

    def from_raw(self, content: bytes, shape: list[int], count: int) -> Tensor:
        """Read as numbers do; a byte that is neither 0 nor 1 is no truth value."""
        if content and max(content) > 1:
            raise ElementsError(f"has a byte {max(content)} where 0 or 1 is expected")
        return super().from_raw(content, shape, count)


class Texts:
    """UTF-8 texts; raw, each has its length before it, in four bytes."""

    field: Final = "bytes_contents"

    def from_raw(self, content: bytes, shape: list[int], count: int) -> Tensor:
        """Take the texts apart."""
        parts: list[bytes] = []
        offset, end = 0, len(content)
        while offset < end and len(parts) < count:
            start = offset + _LENGTH.size
            length = _LENGTH.unpack_from(content, offset)[0] if start <= end else end
            offset = start + length
            if offset > end:
                raise ElementsError(f"ends within element {len(parts)}")
            parts.append(content[start:offset])
        if len(parts) != count or offset != end:
            more = f" and {end - offset} bytes more" if offset != end else ""
            raise ElementsError(f"has {len(parts)} elements{more} where its shape has {count}")
        return _texts(parts, shape)

    def from_typed(self, values: Any, shape: list[int], count: int) -> Tensor:
        """Read the texts."""
        _check_count(values, count)
        return _texts(values, shape)

    def to_raw(self, tensor: Tensor) -> bytes:
        """Write each text with its length before it."""
        parts = self.to_typed(tensor)
        return b"".join(chain.from_iterable((_LENGTH.pack(len(part)), part) for part in parts))

    def to_typed(self, tensor: Tensor) -> list[bytes]:
        """Write the texts as bytes."""
        return [text.encode() for text in tensor.ravel().tolist()]


def _texts(parts: Sequence[bytes], shape: list[int]) -> Tensor:
    tensor = np.empty(len(parts), np.object_)
    for index, part in enumerate(parts):
        try:
            tensor[index] = part.decode()
        except UnicodeDecodeError:
            raise ElementsError(f"has an element {index} that is no UTF-8") from None
    return tensor.reshape(shape)


def _check_count(values: Any, count: int) -> None:
    if len(values) != count:
        raise ElementsError(f"has {len(values)} elements where its shape has {count}")


ELEMENTS: Final[Mapping[str, Elements]] = MappingProxyType(
    {
        "BOOL": Truths(),
        "INT8": Numbers("i1", "int_contents", "<i4"),
        "INT16": Numbers("<i2", "int_contents", "<i4"),
        "INT32": Numbers("<i4", "int_contents"),
        "INT64": Numbers("<i8", "int64_contents"),
        "UINT8": Numbers("u1", "uint_contents", "<u4"),
        "UINT16": Numbers("<u2", "uint_contents", "<u4"),
        "UINT32": Numbers("<u4", "uint_contents"),
        "UINT64": Numbers("<u8", "uint64_contents"),
        "FP16": Numbers("<f2", None),
        "FP32": Numbers("<f4", "fp32_contents"),
        "FP64": Numbers("<f8", "fp64_contents"),
        "BYTES": Texts(),
    }
)
"""By the protocol's data types, those that a graph can have."""
