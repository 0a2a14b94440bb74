"""From a pin to its verified bytes: from this machine's copies, else from the store."""

import logging
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from weighbridge_server.models._copies import Copies, sha256_of
from weighbridge_server.models._errors import DigestMismatchError
from weighbridge_server.models._pin import Pin
from weighbridge_server.models._stores import read_artefact

_log = logging.getLogger(__name__)

# A gigabyte at a tenth of what a cluster's network gives. Without a limit a store that trickles
# would keep a follower from every newer version.
FETCH_LIMIT_S: Final = 120.0


class BytesSource(Enum):
    """Where verified bytes were read."""

    STORE = "store"
    CACHE = "cache"


@dataclass(frozen=True, slots=True)
class Artefact:
    """Verified bytes, where they were read, and whether this machine has a copy of them now."""

    content: bytes
    source: BytesSource
    kept: bool


def fetch_artefact(
    pin: Pin, cache_dir: Path, *, s3_endpoint_url: str | None, limit_s: float
) -> Artefact:
    """Return the pinned bytes; what is returned is what was hashed. Raises a LoadError.

    A copy in `cache_dir` spares the store, so that a restart does without it.
    """
    copies = Copies(cache_dir)
    if content := copies.read(pin.sha256):
        return Artefact(content, BytesSource.CACHE, kept=True)
    content = read_artefact(pin.uri, s3_endpoint_url=s3_endpoint_url, limit_s=limit_s)
    found = sha256_of(content)
    if found != pin.sha256:
        raise _mismatch(pin, found)
    _log.info("model read from the store", extra={"uri": pin.uri})
    return Artefact(content, BytesSource.STORE, kept=copies.keep(pin.sha256, content))


def _mismatch(pin: Pin, found: str) -> DigestMismatchError:
    if pin.alias is None:
        said, step = "the pin says", "pin the version again"
    else:
        said, step = f"its version {pin.version} was registered with", "register the model again"
    return DigestMismatchError(
        f"{pin.uri} has SHA-256 {found}, {said} {pin.sha256}; "
        f"{step}, or find out who changed the object"
    )
