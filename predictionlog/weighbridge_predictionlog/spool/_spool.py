"""The writing side of the spool."""

import logging
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from weighbridge_predictionlog._errors import SpoolError
from weighbridge_predictionlog._row import PredictionRow, TemplateRow
from weighbridge_predictionlog.spool._frame import pack
from weighbridge_predictionlog.spool._segment import create_segment

_log = logging.getLogger("weighbridge.predictionlog.spool")

# A full batch is some 40 MB: written at once it would hold up every other call.
_PIECE_BYTES = 128 * 1024


class Spool:
    """Appends rows to the segments of one folder; safe for many threads, for one process.

    An appended row survives kill -9 of the process (it is in the page cache); with `strict`
    it also survives a crash of the host. `appended_rows`, `appended_bytes` and `dropped_rows`
    count, `last_error` tells why the latest append failed, None when it did not.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        strict: bool = False,
        rotate_bytes: int = 16 * 1024 * 1024,
        rotate_s: float = 60.0,
    ) -> None:
        self.directory = Path(directory)
        self.appended_rows = 0
        self.appended_bytes = 0
        self.dropped_rows = 0
        self.last_error: str | None = None
        self._strict = strict
        self._rotate_bytes = rotate_bytes
        self._rotate_s = rotate_s
        self._lock = threading.RLock()
        self._closed = False
        self._descriptor = -1
        try:
            self._open_segment()
        except OSError as error:
            raise SpoolError(
                f"cannot open the spool {self.directory}: {error}; "
                "give the process a folder it may write to"
            ) from error

    def append(self, rows: Iterable[PredictionRow | TemplateRow]) -> bool:
        """Write the rows in their order; return whether all of them are safe.

        Up to 128 KiB goes out in one write; between two writes other threads get their turn.
        Never raises: a full disk costs rows (counted, logged once), not the call.
        """
        safe = True
        frames: list[bytes] = []
        size = 0
        for row in rows:
            try:
                frame = pack(row.encode())
            except (TypeError, ValueError) as error:
                safe = self._drop(1, f"a row cannot be encoded: {error}")
                continue
            if frames and size + len(frame) > _PIECE_BYTES:
                safe &= self._append(frames)
                frames, size = [], 0
            frames.append(frame)
            size += len(frame)
        if frames:
            safe &= self._append(frames)
        return safe

    def _append(self, frames: list[bytes]) -> bool:
        with self._lock:
            data = b"".join(frames)
            try:
                self._write(data)
            except OSError as error:
                return self._drop(len(frames), str(error))
            self.appended_rows += len(frames)
            self.appended_bytes += len(data)
            if self.last_error is not None:
                _log.info("spool writes again", extra={"dropped_rows": self.dropped_rows})
                self.last_error = None
            return True

    def close(self) -> None:
        """Finish the active segment, so that the shipper may delete it; may be called twice.

        Waits until the disk has it. Raises OSError when the disk does not take it.
        """
        with self._lock:
            self._closed = True
            try:
                if self._descriptor >= 0:
                    os.fdatasync(self._descriptor)
            finally:
                self._finish_segment()

    def _write(self, data: bytes) -> None:
        if self._closed:
            raise OSError("the spool is closed")
        self._rotate_when_due()
        written = 0
        try:
            written = os.write(self._descriptor, data)
            while written < len(data):  # only when the disk is nearly full
                written += os.write(self._descriptor, data[written:])
            if self._strict:
                os.fdatasync(self._descriptor)
        except OSError:
            # Half a frame stands there, or pages the kernel gave up on. The segment is left as
            # it is: cutting it back could take rows from under a shipper that has read them.
            if written:
                self._finish_segment()
            raise
        self._size += written

    def _rotate_when_due(self) -> None:
        due = self._size >= self._rotate_bytes or (
            self._size > 0 and time.monotonic() >= self._rotate_at
        )
        if self._descriptor >= 0 and not due:
            return
        unfinished = self._descriptor
        try:
            self._open_segment()
        except OSError:
            if unfinished < 0:
                raise
            return  # the old one still takes rows
        if unfinished >= 0:
            os.close(unfinished)

    def _open_segment(self) -> None:
        self._descriptor = create_segment(self.directory, durable=self._strict)
        self._size = 0
        self._rotate_at = time.monotonic() + self._rotate_s

    def _finish_segment(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _drop(self, count: int, error: str) -> bool:
        with self._lock:
            self.dropped_rows += count
            if self.last_error is None:
                _log.error("spool cannot write; rows are dropped", extra={"error": error})
            self.last_error = error
            return False
