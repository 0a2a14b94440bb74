"""Brings a database to this package's schema, one numbered SQL file after the other."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import psycopg

from weighbridge_predictionlog._errors import MigrationError
from weighbridge_predictionlog.database._connect import connect_within

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('weighbridge.migrations', 0))"
_CREATE_RECORD = """
    CREATE TABLE IF NOT EXISTS weighbridge_migrations (
        number     integer     PRIMARY KEY,
        name       text        NOT NULL,
        sha256     text        NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""
_RECORD = "INSERT INTO weighbridge_migrations (number, name, sha256) VALUES (%s, %s, %s)"


@dataclass(frozen=True, slots=True)
class _Migration:
    number: int
    name: str
    sql: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql).hexdigest()


def migrate(database_url: str, *, wait_s: float = 0.0) -> list[str]:
    """Apply the missing migrations in one transaction; return their names.

    Safe to call again, and from several processes at once. DatabaseAwayError when PostgreSQL
    cannot be reached within `wait_s`, MigrationError when the database was migrated by other
    files than these.
    """
    with connect_within(database_url, wait_s) as connection:
        connection.execute(_LOCK)
        connection.execute(_CREATE_RECORD)
        applied: dict[int, str] = dict(
            connection.execute("SELECT number, sha256 FROM weighbridge_migrations").fetchall()
        )
        migrations = list(_migrations())
        _check(applied, migrations)
        missing = [each for each in migrations if each.number not in applied]
        for migration in missing:
            _apply(connection, migration)
    return [migration.name for migration in missing]


def _migrations() -> Iterator[_Migration]:
    folder = resources.files(__package__) / "migrations"
    files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    for file in sorted(files, key=lambda file: file.name):
        number, _, _ = file.name.partition("_")
        yield _Migration(int(number), file.name.removesuffix(".sql"), file.read_bytes())


def _check(applied: dict[int, str], migrations: list[_Migration]) -> None:
    newest = max(migration.number for migration in migrations)
    if applied and max(applied) > newest:
        raise MigrationError(
            f"the database is at migration {max(applied)}, this release knows {newest}; "
            "use the release that migrated it, or a newer one"
        )
    for migration in migrations:
        if applied.get(migration.number, migration.sha256) != migration.sha256:
            raise MigrationError(
                f"migration {migration.name} was changed after it was applied; "
                "put the file back and write the change as a new migration"
            )


def _apply(connection: psycopg.Connection[Any], migration: _Migration) -> None:
    connection.execute(migration.sql)
    connection.execute(_RECORD, (migration.number, migration.name, migration.sha256))
