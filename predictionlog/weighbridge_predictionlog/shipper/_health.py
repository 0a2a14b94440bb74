"""Says once when shipping stops working, and once when it works again."""

import logging
import random
import time

import psycopg

from weighbridge_predictionlog.shipper._status import StatusFile

_log = logging.getLogger("weighbridge.predictionlog.shipper")

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0


class Health:
    """The state of shipping, and how long to wait before the next try."""

    def __init__(self, status: StatusFile) -> None:
        self._status = status
        self._told = False
        self._trouble: str | None = None
        self._since = 0.0
        self._failures = 0

    def good(self) -> None:
        """Note a round that worked."""
        if not self._told or self._trouble is not None:
            self._status.write("shipping")
            self._told = True
        if self._trouble is not None:
            _log.info("shipping again", extra={"after_s": round(time.monotonic() - self._since, 1)})
        self._trouble = None
        self._failures = 0

    def bad(self, error: Exception) -> float:
        """Note a round that failed; return the pause before the next, in seconds."""
        trouble = _trouble(error)
        if self._trouble is None:
            self._since = time.monotonic()
        if trouble != self._trouble:
            self._trouble = trouble
            postgresql = isinstance(error, psycopg.Error)
            self._status.write(
                "waiting for PostgreSQL" if postgresql else "waiting for the spool folder", trouble
            )
            _log.warning(f"{trouble}; rows wait in the spool", extra={"error": _one_line(error)})
        longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(self._failures, 10))
        self._failures += 1
        # Jitter: shippers of many nodes must not come back in one moment.
        return random.uniform(longest / 2, longest)  # noqa: S311


def _trouble(error: Exception) -> str:
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedFunction):
        return "the database is not migrated (run `python -m weighbridge_predictionlog migrate`)"
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return "PostgreSQL cannot be reached"
    if isinstance(error, psycopg.Error):
        return "PostgreSQL does not take rows"
    return "the spool folder cannot be used"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
