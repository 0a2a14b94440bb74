"""From a pin to its verified bytes: from this machine's cache, else from the store."""

import hashlib
import logging
import os
from contextlib import suppress
from enum import Enum
from pathlib import Path

from weighbridge_server.models._errors import DigestMismatchError
from weighbridge_server.models._pin import Pin
from weighbridge_server.models._stores import read_artefact

_log = logging.getLogger(__name__)

_INCOMING = ".incoming-"


class BytesSource(Enum):
    """Where verified bytes were read."""

    STORE = "store"
    CACHE = "cache"


def fetch_artefact(
    pin: Pin, cache_dir: Path, *, s3_endpoint_url: str | None
) -> tuple[bytes, BytesSource]:
    """Return the pinned bytes; what is returned is what was hashed. Raises a ModelError.

    A copy in `cache_dir` spares the store, so that a restart does without it. The cache is a
    help and no condition: what is wrong with it is logged.
    """
    _remove_leftovers(cache_dir)
    copy = cache_dir / f"{pin.sha256}.onnx"
    if content := _read_copy(copy, pin):
        _log.info("model read from the cache", extra={"file": str(copy)})
        return content, BytesSource.CACHE
    content = b"".join(read_artefact(pin.uri, s3_endpoint_url=s3_endpoint_url))
    found = _sha256(content)
    if found != pin.sha256:
        raise _mismatch(pin, found)
    _log.info("model read from the store", extra={"uri": pin.uri})
    _keep_copy(copy, content)
    return content, BytesSource.STORE


def _mismatch(pin: Pin, found: str) -> DigestMismatchError:
    if pin.alias is None:
        said, step = "the pin says", "pin the version again"
    else:
        said, step = f"its version {pin.version} was registered with", "register the model again"
    return DigestMismatchError(
        f"{pin.uri} has SHA-256 {found}, {said} {pin.sha256}; "
        f"{step}, or find out who changed the object"
    )


def _remove_leftovers(cache_dir: Path) -> None:
    """Remove what servers that died while writing left; one that still writes does without."""
    with suppress(OSError):
        for leftover in cache_dir.glob(f"{_INCOMING}*"):
            leftover.unlink(missing_ok=True)


def _read_copy(copy: Path, pin: Pin) -> bytes | None:
    try:
        content = copy.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning("the cache cannot be read", extra={"error": str(error)})
        return None
    if _sha256(content) == pin.sha256:
        return content
    _log.warning("the cache's copy is damaged; fetching it anew", extra={"file": str(copy)})
    return None


def _keep_copy(copy: Path, content: bytes) -> None:
    incoming = copy.with_name(f"{_INCOMING}{copy.stem}-{os.getpid()}")
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        incoming.write_bytes(content)
        incoming.replace(copy)
    except OSError as error:
        with suppress(OSError):
            incoming.unlink(missing_ok=True)
        _log.warning(
            "the cache cannot be written; a restart will need the store "
            "(free or correct WEIGHBRIDGE_MODEL_CACHE_DIR)",
            extra={"error": str(error)},
        )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
