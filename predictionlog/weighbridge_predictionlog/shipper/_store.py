"""The shipper's connection to PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
import psycopg

from weighbridge_predictionlog._errors import RowRefusedError
from weighbridge_predictionlog._row import COLUMNS, PredictionRow

_get_columns = attrgetter(*COLUMNS)
_ENCODED_NUL = b"\\u0000"
_INPUTS = COLUMNS.index("inputs")

_NAMES = ", ".join(COLUMNS)
_STAGE = "CREATE TEMP TABLE staged_predictions (LIKE predictions) ON COMMIT DELETE ROWS"
_COPY = f"COPY staged_predictions ({_NAMES}) FROM STDIN"
_INSERT = (
    f"INSERT INTO predictions ({_NAMES}) SELECT {_NAMES} FROM staged_predictions "  # noqa: S608
    "ON CONFLICT (prediction_id) DO NOTHING"
)

# Data errors and program limits (a call id too long for its index).
_REFUSING_CLASSES = frozenset({"22", "54"})
_NOT_NULL_VIOLATION = "23502"
# By name, because a missing partition is a check violation too, and that one passes.
_OWN_CHECKS = frozenset({"predictions_kind", "predictions_route"})


class Store:
    """Inserts rows over one connection, made when it is needed; not for several threads."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._connection: psycopg.Connection[Any] | None = None

    def insert(self, rows: Sequence[PredictionRow]) -> None:
        """Put the rows into the table, all or none; rows that are there already stay as they are.

        Makes the missing partitions. RowRefusedError when one of the rows can never go in,
        psycopg.Error when none can now.
        """
        # Outside of what may refuse a row: psycopg has one error for both, without an SQLSTATE.
        connection = self.connect()
        try:
            _insert(connection, rows)
        except psycopg.Error as error:
            if _refuses_row(error):
                raise RowRefusedError(str(error)) from error
            raise

    def disconnect(self) -> None:
        """Drop the connection; the next insert makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def connect(self) -> psycopg.Connection[Any]:
        """Return the connection, made when there is none. psycopg.Error when it cannot be."""
        if self._connection is None:
            connection = psycopg.connect(
                self._database_url,
                autocommit=True,
                application_name="weighbridge-shipper",
                connect_timeout=5,
                # A server that vanished without a word must not hold the shipper for hours.
                keepalives_idle=10,
                tcp_user_timeout=15_000,
            )
            try:
                connection.execute("SET statement_timeout = '60s'")
                connection.execute(_STAGE)
            except psycopg.Error:
                connection.close()
                raise
            self._connection = connection
        return self._connection


def _insert(connection: psycopg.Connection[Any], rows: Sequence[PredictionRow]) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        for day in sorted({_day(row.prediction_id) for row in rows}):
            cursor.execute("SELECT ensure_prediction_day(%s)", (day,))
        with cursor.copy(_COPY) as copy:
            for row in rows:
                copy.write_row(_values(row))
        cursor.execute(_INSERT)


def _refuses_row(error: psycopg.Error) -> bool:
    if error.sqlstate is None:
        # Raised by the driver: a value that has no form in PostgreSQL, or a lost connection.
        return isinstance(error, psycopg.DataError | psycopg.ProgrammingError)
    return (
        error.sqlstate[:2] in _REFUSING_CLASSES
        or error.sqlstate == _NOT_NULL_VIOLATION
        or error.diag.constraint_name in _OWN_CHECKS
    )


def _day(prediction_id: UUID) -> date:
    milliseconds = prediction_id.int >> 80
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).date()
    except (OverflowError, ValueError) as error:
        raise psycopg.DataError(f"prediction id {prediction_id} holds no date") from error


def _values(row: PredictionRow) -> list[object]:
    """Return the row by column; PostgreSQL has no NUL in text, so U+FFFD stands for it there."""
    values = [_storable(v) if isinstance(v, str) else v for v in _get_columns(row)]
    if row.inputs is not None:
        inputs = orjson.dumps(row.inputs)
        if _ENCODED_NUL in inputs:
            inputs = orjson.dumps(_storable(row.inputs))
        values[_INPUTS] = inputs.decode()
    return values


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, Mapping):
        return {_storable(name): _storable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_storable(part) for part in value]
    return value
