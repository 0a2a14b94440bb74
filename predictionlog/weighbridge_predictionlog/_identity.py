"""The log's keys: made once, by the server that answers."""

import hashlib
import hmac
import os
from typing import TYPE_CHECKING

import uuid_utils
from uuid_utils import compat

if TYPE_CHECKING:
    from uuid import UUID

# A forked child would otherwise go on with its parent's random state.
os.register_at_fork(after_in_child=uuid_utils.reseed_rng)


def new_prediction_id() -> "UUID":
    """Make a UUIDv7 (RFC 9562); ids grow strictly within a process, over all its threads."""
    return compat.uuid7()


def hash_sticky_key(key: str, salt: str) -> str:
    """Return 32 hex digits that stand for the key and do not tell it to who lacks the salt."""
    return hmac.digest(salt.encode(), key.encode(), hashlib.sha256)[:16].hex()
