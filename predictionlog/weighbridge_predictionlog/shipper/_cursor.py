"""How far each segment of a spool has been shipped."""

import logging
from pathlib import Path

import orjson

from weighbridge_predictionlog._files import replace_private
from weighbridge_predictionlog.spool import Segment

_log = logging.getLogger("weighbridge.predictionlog.shipper")

_NAME = "shipped.json"


class Cursor:
    """Positions by segment, kept in `shipped.json` of the spool.

    A lost or unwritable file only means that rows are sent again, which changes nothing in the
    table. So a full disk does not stop the shipper from emptying it.
    """

    def __init__(self, spool: Path) -> None:
        self._path = spool / _NAME
        self._positions = self._load()

    def position(self, segment: Segment) -> int:
        """Return the first position of the segment that is not yet shipped."""
        return self._positions.get(segment.path.name, 0)

    def advance(self, segment: Segment, position: int) -> None:
        """Note that everything before the position is in the table."""
        self._positions[segment.path.name] = position
        self._save()

    def forget(self, segment: Segment) -> None:
        """Note that the segment is gone."""
        if self._positions.pop(segment.path.name, None) is not None:
            self._save()

    @staticmethod
    def remove(spool: Path) -> bool:
        """Delete the file of a spool without segments; return whether there was one."""
        try:
            (spool / _NAME).unlink()
        except FileNotFoundError:
            return False
        return True

    def _load(self) -> dict[str, int]:
        try:
            stored = orjson.loads(self._path.read_bytes())
            return {str(name): int(position) for name, position in stored.items()}
        except FileNotFoundError:
            return {}
        except (AttributeError, TypeError, ValueError) as error:
            _log.warning(
                "cursor cannot be read; the spool is sent again",
                extra={"file": str(self._path), "error": str(error)},
            )
            return {}

    def _save(self) -> None:
        try:
            replace_private(self._path, orjson.dumps(self._positions))
        except OSError as error:
            _log.warning(
                "cursor cannot be written; after a restart rows are sent again",
                extra={"file": str(self._path), "error": str(error)},
            )
