"""Messages that nobody meant to send: fields set wrongly, bytes changed, bytes made up."""

import math
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from google.protobuf.message import Message

_NUMBERS = (0, 1, -1, 2, 7, 127, 255, 65_536, 65_537, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63))
_FLOATS = (0.0, -0.0, 0.5, -1.0, 1e9, 3e38, -1e300, math.nan, math.inf, -math.inf, 5e-324)
_TEXTS = ("", "FP32", "BYTES", "INT64", "BF16", "probability", "x" * 500, "\0", "😀", "7", "'")
_CHUNK = 12


class Fuzzer:
    """Makes requests out of good ones; the same seed makes the same."""

    def __init__(self, good: Sequence[Message], random: Random) -> None:
        self._good = tuple(good)
        self._contents = [message.SerializeToString() for message in good]
        self._random = random
        self._ways: Sequence[Callable[[], bytes]] = (
            lambda: random.choice(self._contents),
            self._changed_fields,
            self._changed_fields,
            self._changed_bytes,
            self._changed_bytes,
            self._changed_bytes,
            lambda: random.randbytes(random.randrange(60)),
        )

    def messages(self, count: int) -> Iterator[bytes]:
        """Yield so many requests."""
        for _ in range(count):
            yield self._random.choice(self._ways)()

    def _changed_fields(self) -> bytes:
        good = self._random.choice(self._good)
        message = type(good)()
        message.CopyFrom(good)
        for _ in range(self._random.randint(1, 3)):
            self._change(message)
        return message.SerializeToString()

    def _change(self, message: Any) -> None:
        """Change one field of a message, or of one inside it."""
        field = self._random.choice(message.DESCRIPTOR.fields)
        if field.message_type and field.message_type.GetOptions().map_entry:
            return
        if self._random.random() < 0.1:
            message.ClearField(field.name)
        elif field.is_repeated:
            self._change_repeated(getattr(message, field.name), field)
        elif field.message_type:
            self._change(getattr(message, field.name))
        else:
            setattr(message, field.name, self._value(field))

    def _change_repeated(self, values: Any, field: Any) -> None:
        random = self._random
        if values and random.random() < 0.3:
            del values[random.randrange(len(values))]
        elif field.message_type:
            self._change(random.choice(values) if values else values.add())
        elif values and random.random() < 0.5:
            values[random.randrange(len(values))] = self._value(field)
        else:
            values.extend(self._value(field) for _ in range(random.choice((1, 1, 3, 40))))

    def _value(self, field: Any) -> Any:
        random = self._random
        if field.cpp_type == field.CPPTYPE_STRING:
            text = random.choice(_TEXTS)
            is_bytes = field.type == field.TYPE_BYTES
            return random.choice((text.encode(), random.randbytes(8))) if is_bytes else text
        if field.cpp_type in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT):
            return random.choice(_FLOATS)
        if field.cpp_type == field.CPPTYPE_BOOL:
            return random.random() < 0.5
        low, high = _RANGES[field.cpp_type]
        return min(max(random.choice(_NUMBERS), low), high)

    def _changed_bytes(self) -> bytes:
        random = self._random
        content = bytearray(random.choice(self._contents))
        for _ in range(random.choice((1, 1, 2, 6))):
            at = random.randrange(len(content) + 1)
            end = at + random.randrange(_CHUNK)
            change = random.randrange(5)
            if change == 0 and at < len(content):
                content[at] ^= 1 << random.randrange(8)
            elif change == 1:
                content[at:end] = random.randbytes(random.randrange(_CHUNK))
            elif change == 2:
                del content[at:end]
            elif change == 3:
                content[at:at] = content[at:end]
            else:
                other = random.choice(self._contents)
                content[at:] = other[random.randrange(len(other)) :]
        return bytes(content)


def _integer_ranges() -> dict[int, tuple[int, int]]:
    from google.protobuf.descriptor import FieldDescriptor as Field

    return {
        Field.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
        Field.CPPTYPE_ENUM: (-(2**31), 2**31 - 1),
        Field.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
        Field.CPPTYPE_UINT32: (0, 2**32 - 1),
        Field.CPPTYPE_UINT64: (0, 2**64 - 1),
    }


_RANGES = _integer_ranges()
