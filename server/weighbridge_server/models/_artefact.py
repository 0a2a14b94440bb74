"""From a pin to verified bytes on disk."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from weighbridge_server.models._errors import CacheError, DigestMismatchError
from weighbridge_server.models._pin import Pin
from weighbridge_server.models._stores import read_artefact


def fetch_artefact(pin: Pin, cache_dir: Path, *, s3_endpoint_url: str | None) -> Path:
    """Bring the pinned bytes into `cache_dir` and return their path.

    A file under its final name is always whole and verified: it is hashed on its way into a
    temporary file and renamed only when the digest is the pinned one. Raises a ModelError.
    """
    chunks = read_artefact(pin.uri, s3_endpoint_url=s3_endpoint_url)
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        return _store(chunks, pin, cache_dir)
    except OSError as error:
        raise CacheError(
            f"cannot write to {cache_dir}: {error.strerror}; "
            "free or correct WEIGHBRIDGE_MODEL_CACHE_DIR"
        ) from error


def _store(chunks: Iterable[bytes], pin: Pin, cache_dir: Path) -> Path:
    handle, name = tempfile.mkstemp(dir=cache_dir, prefix=".incoming-")
    incoming = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            found = _copy_hashed(chunks, file)
        if found != pin.sha256:
            raise DigestMismatchError(
                f"{pin.uri} has SHA-256 {found}, the pin says {pin.sha256}; "
                "pin the version again, or find out who changed the object"
            )
        return incoming.replace(cache_dir / f"{pin.sha256}.onnx")
    finally:
        incoming.unlink(missing_ok=True)


def _copy_hashed(chunks: Iterable[bytes], file: BinaryIO) -> str:
    seen = hashlib.sha256()
    for chunk in chunks:
        seen.update(chunk)
        file.write(chunk)
    return seen.hexdigest()
