"""Which folders below the root are spools, and which to leave alone for a while."""

import logging
import time
from pathlib import Path

from weighbridge_predictionlog.spool import SEGMENT_SUFFIX

_log = logging.getLogger("weighbridge.predictionlog.shipper")

_REST_S = 5.0


class Spools:
    """The folders below a root; what is wrong with one is said once and holds up no other."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._said: dict[Path, str] = {}
        self._rest_until: dict[Path, float] = {}

    def due(self) -> list[Path]:
        """Return the folders to look into now. OSError when the root cannot be read."""
        paths = sorted(self._root.iterdir())
        if any(path.suffix == SEGMENT_SUFFIX for path in paths):
            self._say(
                self._root,
                "the root itself holds segments, which are not shipped; WEIGHBRIDGE_SPOOL_ROOT "
                "must name the folder above the spools",
            )
        now = time.monotonic()
        return [path for path in paths if path.is_dir() and self._rest_until.get(path, 0) <= now]

    def bad(self, spool: Path, error: OSError) -> None:
        """Note that a spool cannot be shipped now; it rests, the others go on."""
        self._rest_until[spool] = time.monotonic() + _REST_S
        self._say(spool, "a spool cannot be shipped; the others go on", error=str(error))

    def good(self, spool: Path) -> None:
        """Note that a spool was looked through."""
        if self._rest_until.pop(spool, None) is not None:
            _log.info("a spool is shipped again", extra={"folder": str(spool)})
            del self._said[spool]

    def empty(self, spool: Path) -> None:
        """Note that a folder holds no segments."""
        self._say(spool, "a folder holds no segments and is no spool")

    def _say(self, folder: Path, message: str, **extra: str) -> None:
        if self._said.get(folder) != message:
            self._said[folder] = message
            _log.warning(message, extra={"folder": str(folder), **extra})
