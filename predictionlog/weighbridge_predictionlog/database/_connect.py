"""A connection to a PostgreSQL that may still be starting."""

import logging
import time
from typing import Any

import psycopg

from weighbridge_predictionlog._errors import DatabaseAwayError

_log = logging.getLogger("weighbridge.predictionlog")

_PAUSE_S = 0.5
_CONNECT_LIMIT_S = 5


def connect_within(database_url: str, wait_s: float) -> psycopg.Connection[Any]:
    """Connect, trying again for `wait_s`; says once that it waits. DatabaseAwayError after it.

    What a database that is being set up says passes too: that it does not know the role yet.
    """
    deadline = time.monotonic() + wait_s
    told = False
    while True:
        try:
            return psycopg.connect(database_url, connect_timeout=_CONNECT_LIMIT_S)
        except psycopg.OperationalError as error:
            reason = " ".join(str(error).split())
            if time.monotonic() >= deadline:
                raise DatabaseAwayError(
                    f"PostgreSQL cannot be reached: {reason}; "
                    "start it, or correct WEIGHBRIDGE_DATABASE_URL"
                ) from error
        if not told:
            _log.info("waiting for PostgreSQL", extra={"wait_s": wait_s, "reason": reason})
            told = True
        time.sleep(_PAUSE_S)
