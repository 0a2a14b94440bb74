"""The log's keys: made once, by the server that answers."""

import hashlib
import hmac
import os
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, overload
from uuid import UUID

import uuid_utils
from uuid_utils import compat

# A forked child would otherwise go on with its parent's random state.
os.register_at_fork(after_in_child=uuid_utils.reseed_rng)


_LOW_BITS: Final = 32
_ID_CHARS: Final = 36
_SHARED_CHARS: Final = _ID_CHARS - _LOW_BITS // 4
MAX_IDS: Final = 2 ** (_LOW_BITS - 1)


def new_prediction_id() -> UUID:
    """Make a UUIDv7 (RFC 9562); ids grow strictly within a process, over all its threads."""
    return compat.uuid7()


def new_prediction_id_text() -> str:
    """Make an id as text, at a sixth of what `str` of a new one costs."""
    return str(uuid_utils.uuid7())


class PredictionIds(Sequence[UUID]):
    """Many ids that follow each other: `shared` begins each one's text, `low` are the rest."""

    def __init__(self, first: UUID, count: int) -> None:
        self.shared = str(first)[:_SHARED_CHARS]
        self._high = first.int >> _LOW_BITS << _LOW_BITS
        start = first.int - self._high
        self.low = range(start, start + count)

    def __len__(self) -> int:
        return len(self.low)

    @overload
    def __getitem__(self, index: int) -> UUID: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[UUID]: ...

    def __getitem__(self, index: int | slice) -> UUID | Sequence[UUID]:
        low = self.low[index]
        if isinstance(low, range):
            return [UUID(int=self._high + number) for number in low]
        return UUID(int=self._high + low)

    def __contains__(self, value: object) -> bool:
        return isinstance(value, UUID) and value.int - self._high in self.low

    def texts(self) -> list[str]:
        """Return each id as text, at a sixth of what `str` of each would cost."""
        digits = struct.pack(f">{len(self.low)}I", *self.low).hex()
        width = _ID_CHARS - _SHARED_CHARS
        starts = range(0, len(digits), width)
        return [self.shared + digits[start : start + width] for start in starts]

    def count(self, value: object) -> int:
        """Return 1 for one of the ids, 0 for anything else."""
        return int(value in self)


def new_prediction_ids(count: int) -> PredictionIds:
    """Make up to MAX_IDS ids at once, each as good as one of `new_prediction_id`.

    The generator counts in an id's upper bits and fills the lowest 32 with chance; a block has
    those to itself. Only the highest of them is cleared, to leave room.
    """
    if not 0 <= count <= MAX_IDS:
        raise ValueError(f"{count} ids at once: must be 0 to {MAX_IDS}")
    return PredictionIds(UUID(int=new_prediction_id().int & ~MAX_IDS), count)


def hash_sticky_key(key: str, salt: str) -> str:
    """Return 32 hex digits that stand for the key and do not tell it to who lacks the salt."""
    salted = _salted(salt).copy()
    salted.update(key.encode())
    return salted.digest()[:16].hex()


@lru_cache(maxsize=1)
def _salted(salt: str) -> hmac.HMAC:
    # A copy costs a third of a new one, and a process has one salt.
    return hmac.new(salt.encode(), digestmod=hashlib.sha256)
