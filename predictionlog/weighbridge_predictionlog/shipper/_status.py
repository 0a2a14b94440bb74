"""The shipper's word on itself, for who waits for it or watches it."""

import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import orjson

from weighbridge_predictionlog._files import replace_private

_log = logging.getLogger("weighbridge.predictionlog.shipper")

State = Literal["shipping", "waiting for PostgreSQL", "waiting for the spool folder"]


class StatusFile:
    """`.shipper.json` in the root: there from the first round to the end, replaced as a whole."""

    def __init__(self, root: Path) -> None:
        self._path = root / ".shipper.json"

    def write(self, state: State, reason: str | None = None) -> None:
        """Tell the state and, for a state that waits, the reason."""
        said = {
            "schema": 1,
            "pid": os.getpid(),
            "at": datetime.now(UTC),
            "state": state,
            "reason": reason,
        }
        try:
            replace_private(self._path, orjson.dumps(said))
        except OSError as error:
            _log.warning(
                "status cannot be written", extra={"file": str(self._path), "error": str(error)}
            )

    def remove(self) -> None:
        """Delete the file; also what a killed shipper left."""
        self._path.unlink(missing_ok=True)
