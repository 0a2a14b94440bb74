"""One file of a spool.

Its writer holds an flock on it from before it has its name until it is finished. The kernel drops
the lock when the writer dies, so "no lock" means "no more frames", after kill -9 too.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from weighbridge_predictionlog._files import FOLDER_MODE, open_private
from weighbridge_predictionlog._identity import new_prediction_id
from weighbridge_predictionlog.spool._frame import Damage, Frame, scan

SUFFIX = ".segment"

_NEW_SUFFIX = ".new"
_WRITE_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_EXCL
_TRIES = 3


def create_segment(directory: Path, *, durable: bool) -> int:
    """Create a segment that nobody used before; return its locked descriptor.

    `durable` makes its name survive a crash of the host.
    """
    path = directory / f"{new_prediction_id()}{SUFFIX}"
    unnamed = path.with_suffix(_NEW_SUFFIX)
    descriptor = _create(unnamed)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Named only now: a shipper that saw it unlocked would delete it under its writer.
        unnamed.rename(path)
        if durable:
            _sync_directory(directory)
    except OSError:
        os.close(descriptor)
        unnamed.unlink(missing_ok=True)
        raise
    return descriptor


def _create(path: Path) -> int:
    for _ in range(_TRIES):
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        # A shipper removes the folder of a writer that is gone, maybe just now.
        with suppress(FileNotFoundError):
            return open_private(path, _WRITE_FLAGS)
    raise FileNotFoundError(f"{path.parent} is removed as often as it is made")


def list_segments(directory: Path) -> "list[Segment]":
    """Return the spool's segments, oldest first (their names grow with time)."""
    return [Segment(path) for path in sorted(directory.glob(f"*{SUFFIX}"))]


class Segment:
    """A segment seen by its reader."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def is_finished(self) -> bool:
        """Tell whether its writer is done or dead. What is read afterwards is all there will be."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    def size(self) -> int:
        """Return the size in bytes."""
        return self.path.stat().st_size

    def read(self, position: int, window_bytes: int) -> list[Frame | Damage]:
        """Return what stands from the position on: about one window of it, less at the end.

        Empty when no intact frame follows the position.
        """
        with self.path.open("rb", buffering=0) as file:
            while True:
                data = os.pread(file.fileno(), window_bytes, position)
                if found := list(scan(data, position)):
                    return found
                if len(data) < window_bytes:
                    return []
                window_bytes *= 2

    def tail(self, position: int) -> bytes:
        """Return the bytes from the position to the end."""
        with self.path.open("rb") as file:
            file.seek(position)
            return file.read()

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
