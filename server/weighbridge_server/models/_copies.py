"""Verified artefacts on disk, by digest, so that a restart does without the store.

A help and no condition: what is wrong with the folder is logged, and the model serves all the
same. The folder may be shared by servers on several machines.
"""

import hashlib
import logging
from contextlib import suppress
from pathlib import Path

from weighbridge_server.models._durable import remove_leftovers, write_whole, written_at
from weighbridge_server.models._memory import remembered_digests

_log = logging.getLogger(__name__)

# Enough to go back by some versions; a large model has hundreds of megabytes.
_MOST_COPIES = 5
_SUFFIX = ".onnx"


def sha256_of(content: bytes) -> str:
    """Return the digest as pins have it."""
    return hashlib.sha256(content).hexdigest()


class Copies:
    """The copies in one folder; the five used last stay, and those that servers start from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, sha256: str) -> bytes | None:
        """Return the copy if it is there and whole."""
        copy = self._path(sha256)
        try:
            content = copy.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.warning("the cache cannot be read", extra={"error": str(error)})
            return None
        if sha256_of(content) != sha256:
            _log.warning("the cache's copy is damaged; fetching it anew", extra={"file": str(copy)})
            return None
        with suppress(OSError):  # a read-only folder
            copy.touch(exist_ok=True)
        _log.info("model read from the cache", extra={"file": str(copy)})
        return content

    def keep(self, sha256: str, content: bytes) -> bool:
        """Write a copy, and remove what is too old; tell whether it could be written."""
        try:
            write_whole(self._path(sha256), content)
        except OSError as error:
            _log.warning(
                "the cache cannot be written; a restart will need the store "
                "(free or correct WEIGHBRIDGE_MODEL_CACHE_DIR)",
                extra={"error": str(error)},
            )
            return False
        self._remove_old(sha256)
        return True

    def _remove_old(self, in_use: str) -> None:
        remove_leftovers(self._folder)
        kept = remembered_digests(self._folder) | {in_use}
        copies = sorted(self._folder.glob(f"*{_SUFFIX}"), key=written_at, reverse=True)
        for copy in copies[_MOST_COPIES:]:
            if copy.stem not in kept:
                with suppress(OSError):
                    copy.unlink(missing_ok=True)
                    _log.info("old copy removed", extra={"file": str(copy)})

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}{_SUFFIX}"
