"""Reads the log back: as counts, and row by row."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

_COUNT = """
    SELECT served_version, routed_version, route, traffic_revision, status_code, count(*) AS calls
    FROM {source}
    GROUP BY served_version, routed_version, route, traffic_revision, status_code
    ORDER BY served_version, routed_version, route, traffic_revision, status_code
"""
_COUNT_ALL = _COUNT.format(source="calls")
_COUNT_WINDOW = _COUNT.format(source="calls_between(%s, %s)")


@dataclass(frozen=True, slots=True)
class CallCount:
    """How many calls had the same version, route, traffic revision and status."""

    served_version: str
    routed_version: str | None
    route: str | None
    traffic_revision: str | None
    status_code: str
    calls: int


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One call as it stands in the log; the score is a probability, None for a failed call."""

    prediction_id: UUID
    created_at: datetime
    method: str
    served_version: str
    routed_version: str | None
    route: str | None
    traffic_revision: str | None
    attempt: int
    envoy_attempt: int
    status_code: str
    error_field: str | None
    score: float | None
    label: bool | None
    latency_ms: float
    inputs: dict[str, Any] | None


_RECENT = """
    SELECT prediction_id, created_at, method, served_version, routed_version, route,
        traffic_revision, attempt, envoy_attempt, status_code, error_field, score, label,
        latency_ms, inputs
    FROM calls_between(%(since)s, %(until)s)
    WHERE %(version)s::text IS NULL OR served_version = %(version)s
    ORDER BY prediction_id DESC LIMIT %(limit)s
"""


def count_calls(
    database_url: str, since: datetime | None = None, until: datetime | None = None
) -> list[CallCount]:
    """Count the calls (last attempts, no shadows) of a window; without bounds, all of them."""
    with (
        psycopg.connect(database_url) as connection,
        connection.cursor(row_factory=class_row(CallCount)) as cursor,
    ):
        if since is None and until is None:
            return cursor.execute(_COUNT_ALL).fetchall()
        return cursor.execute(_COUNT_WINDOW, _window(since, until)).fetchall()


def recent_calls(
    database_url: str, since: datetime, *, served_version: str | None = None, limit: int = 100
) -> list[LoggedCall]:
    """Return the newest calls (last attempts, no shadows) since a time, newest first."""
    start, end = _window(since, None)
    with (
        psycopg.connect(database_url) as connection,
        connection.cursor(row_factory=class_row(LoggedCall)) as cursor,
    ):
        values = {"since": start, "until": end, "version": served_version, "limit": limit}
        return cursor.execute(_RECENT, values).fetchall()


def _window(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    """Fill in the open end: the year 2000 and a day from now lie outside every log."""
    return (
        since or datetime(2000, 1, 1, tzinfo=UTC),
        until or datetime.now(UTC) + timedelta(days=1),
    )
