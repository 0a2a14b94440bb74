"""Files of a folder that several servers may share: whole or not there, also after a crash."""

import os
import time
import uuid
from contextlib import suppress
from pathlib import Path

_INCOMING = ".incoming-"
# Whoever still writes a file this old has died: on this machine, or on another that shares the
# folder, of which we could not ask.
_LEFTOVER_AGE_S = 600


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a name of its own, sync it, and give it its name. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    incoming = path.with_name(f"{_INCOMING}{uuid.uuid4().hex}")
    try:
        with incoming.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        incoming.replace(path)
    except OSError:
        with suppress(OSError):
            incoming.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def remove_leftovers(folder: Path) -> None:
    """Remove what writers that died left; a folder that cannot be written keeps it."""
    oldest = time.time() - _LEFTOVER_AGE_S
    for leftover in folder.glob(f"{_INCOMING}*"):
        with suppress(OSError):
            if leftover.stat().st_mtime < oldest:
                leftover.unlink(missing_ok=True)


def written_at(path: Path) -> float:
    """Return when a file was written or touched last; the oldest time for one that is gone."""
    try:
        return path.stat().st_mtime
    except OSError:  # another server has removed it
        return 0.0


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
