"""The prediction log: the spool beside each server, the shipper, and the tables in PostgreSQL.

The spool is what a server imports, so this façade stays light: the names that need psycopg
are loaded at their first use.
"""

from typing import TYPE_CHECKING, Any

from weighbridge_predictionlog._errors import (
    DatabaseAwayError,
    MigrationError,
    PredictionLogError,
    RowError,
    RowRefusedError,
    ShipperRunningError,
    SpoolError,
)
from weighbridge_predictionlog._identity import (
    PredictionIds,
    hash_sticky_key,
    new_prediction_id,
    new_prediction_id_text,
    new_prediction_ids,
)
from weighbridge_predictionlog._process import (
    LogFormat,
    log_to_stderr,
    read_settings,
    variables_of,
)
from weighbridge_predictionlog._row import Kind, PredictionRow, Route, RowTemplate, TemplateRow
from weighbridge_predictionlog.spool import Spool, SpoolReader

if TYPE_CHECKING:
    from weighbridge_predictionlog.database import (
        CallCount,
        LoggedCall,
        count_calls,
        migrate,
        recent_calls,
    )

__all__ = [
    "CallCount",
    "DatabaseAwayError",
    "Kind",
    "LogFormat",
    "LoggedCall",
    "MigrationError",
    "PredictionIds",
    "PredictionLogError",
    "PredictionRow",
    "Route",
    "RowError",
    "RowRefusedError",
    "RowTemplate",
    "ShipperRunningError",
    "Spool",
    "SpoolError",
    "SpoolReader",
    "TemplateRow",
    "count_calls",
    "hash_sticky_key",
    "log_to_stderr",
    "migrate",
    "new_prediction_id",
    "new_prediction_id_text",
    "new_prediction_ids",
    "read_settings",
    "recent_calls",
    "variables_of",
]

_DATABASE_NAMES = frozenset({"CallCount", "LoggedCall", "count_calls", "migrate", "recent_calls"})


def __getattr__(name: str) -> Any:
    if name not in _DATABASE_NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from weighbridge_predictionlog import database

    return getattr(database, name)
