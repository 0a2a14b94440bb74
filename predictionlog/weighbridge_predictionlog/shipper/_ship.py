"""One round of shipping: from segments to rows."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from weighbridge_predictionlog._errors import RowError, RowRefusedError
from weighbridge_predictionlog._row import PredictionRow, decode_row
from weighbridge_predictionlog.shipper._cursor import Cursor
from weighbridge_predictionlog.shipper._rejected import set_aside
from weighbridge_predictionlog.shipper._spools import Spools
from weighbridge_predictionlog.shipper._store import Store
from weighbridge_predictionlog.spool import Damage, Frame, Segment, list_segments

_log = logging.getLogger("weighbridge.predictionlog.shipper")

# A row and the payload it came from, which is what is kept of a refused row.
_Entry = tuple[PredictionRow, bytes]


class Shipper:
    """Ships the spools below a root folder.

    Order of each step: rows committed, then the cursor, then the segment deleted. Killed in
    between, it sends some rows again, and the table keeps the ones it has.
    """

    def __init__(self, root: Path, store: Store, *, batch_bytes: int) -> None:
        self._spools = Spools(root)
        self._store = store
        self._batch_bytes = batch_bytes
        self._cursors: dict[Path, Cursor] = {}

    def ship_round(self) -> int:
        """Ship one batch of every spool; return how many frames that were.

        psycopg.Error or OSError when it cannot go on; nothing is lost, call it again. What is
        wrong with one spool holds up that one alone.
        """
        self._store.connect()
        shipped = 0
        for spool in self._spools.due():
            try:
                shipped += self._ship_batch(spool)
            except OSError as error:
                self._spools.bad(spool, error)
            else:
                self._spools.good(spool)
        return shipped

    def _ship_batch(self, spool: Path) -> int:
        segments = list_segments(spool)
        if not segments:
            self._leave(spool)
            return 0
        cursor = self._cursor(spool)
        for segment in segments:
            # Asked before reading: what a finished segment does not hold now, it never will.
            finished = segment.is_finished()
            position = cursor.position(segment)
            if segment.size() > position and (found := segment.read(position, self._batch_bytes)):
                self._deliver(segment, found)
                cursor.advance(segment, found[-1].end)
                return len(found)
            if finished:
                self._retire(segment, position)
                cursor.forget(segment)
        return 0

    def _leave(self, spool: Path) -> None:
        """Remove the emptied spool of a dead writer; a live one always has a segment."""
        known = self._cursors.pop(spool, None) is not None
        if not (Cursor.remove(spool) or known):
            self._spools.empty(spool)
            return
        # Not empty when rows were set aside, or when a new writer has just begun.
        with suppress(OSError):
            spool.rmdir()

    def _cursor(self, spool: Path) -> Cursor:
        if spool not in self._cursors:
            self._cursors[spool] = Cursor(spool)
        return self._cursors[spool]

    def _deliver(self, segment: Segment, found: Sequence[Frame | Damage]) -> None:
        entries: list[_Entry] = []
        for item in found:
            if isinstance(item, Damage):
                self._reject(segment, item.content, "damaged bytes")
                continue
            try:
                entries.append((decode_row(item.payload), item.payload))
            except RowError as error:
                self._reject(segment, item.payload, str(error))
        if entries:
            self._insert(segment, entries)

    def _insert(self, segment: Segment, entries: Sequence[_Entry]) -> None:
        """Insert the rows; halve the batch around a row that PostgreSQL refuses."""
        try:
            self._store.insert([row for row, _ in entries])
        except RowRefusedError as error:
            if len(entries) == 1:
                self._reject(segment, entries[0][1], str(error))
                return
            middle = len(entries) // 2
            self._insert(segment, entries[:middle])
            self._insert(segment, entries[middle:])

    def _retire(self, segment: Segment, position: int) -> None:
        if tail := segment.tail(position):
            self._reject(segment, tail, "torn tail: its writer died or failed while writing it")
        segment.remove()

    def _reject(self, segment: Segment, content: bytes, reason: str) -> None:
        path = set_aside(segment, content, reason)
        _log.error("set aside", extra={"file": str(path), "reason": reason})
