"""Reading a spool back as rows, without moving or deleting anything."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from weighbridge_predictionlog._row import PredictionRow, decode_row
from weighbridge_predictionlog.spool._frame import Frame
from weighbridge_predictionlog.spool._segment import Segment, list_segments

_WINDOW_BYTES = 1024 * 1024


class SpoolReader:
    """Iterates the rows of a spool, segment by segment, oldest first.

    Stops a segment at its torn tail. `damaged` counts the damaged places it stepped over.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = Path(directory)
        self.damaged = 0

    def __iter__(self) -> Iterator[PredictionRow]:
        for segment in list_segments(self.directory):
            # A shipper may delete what it has shipped while this reads.
            with suppress(FileNotFoundError):
                yield from self._rows(segment)

    def _rows(self, segment: Segment) -> Iterator[PredictionRow]:
        position = 0
        while found := segment.read(position, _WINDOW_BYTES):
            position = found[-1].end
            for item in found:
                if isinstance(item, Frame):
                    yield decode_row(item.payload)
                else:
                    self.damaged += 1
