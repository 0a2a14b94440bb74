"""The command that migrates, beside a database that may not be there yet."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.counting import eventually
from tests.fix_postgres import Postgres

WITHIN_S = 20.0


class Migration:
    """One `python -m weighbridge_predictionlog migrate`, with its log in a file."""

    def __init__(self, url: str, wait_s: str, log: Path) -> None:
        self.log = log
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "weighbridge_predictionlog", "migrate"],
                env=os.environ | {"WEIGHBRIDGE_DATABASE_URL": url, "WEIGHBRIDGE_WAIT_S": wait_s},
                stderr=stderr,
            )

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def said(self) -> list[str]:
        return [record["message"] for record in self.records]


@pytest.fixture
def migrations(tmp_path: Path) -> Iterator["list[Migration]"]:
    """What a test has started; ended with it."""
    started: list[Migration] = []
    yield started
    for migration in started:
        migration.process.kill()
        migration.process.wait(10)


def test_it_waits_for_a_database_that_starts_later(
    own_postgres: Postgres, migrations: list[Migration], tmp_path: Path
) -> None:
    own_postgres.stop()
    migration = Migration(own_postgres.url(), "60", tmp_path / "log")
    migrations.append(migration)

    def waits() -> None:
        assert migration.said() == ["waiting for PostgreSQL"]

    eventually(waits, WITHIN_S)
    assert "refused" in migration.records[0]["reason"]
    own_postgres.start()
    assert migration.process.wait(WITHIN_S) == 0
    assert migration.said() == ["waiting for PostgreSQL", "migrated"]
    assert migration.records[-1]["applied"]
    with psycopg.connect(own_postgres.url()) as connection:
        assert connection.execute("SELECT count(*) FROM calls").fetchone() == (0,)


@pytest.mark.parametrize(("wait_s", "waits"), [("0", 0), ("0.6", 1)])
def test_a_database_that_never_answers_is_told(
    wait_s: str,
    waits: int,
    own_postgres: Postgres,
    migrations: list[Migration],
    tmp_path: Path,
) -> None:
    own_postgres.stop()
    migration = Migration(own_postgres.url(), wait_s, tmp_path / "log")
    migrations.append(migration)
    assert migration.process.wait(WITHIN_S) == 1
    assert migration.said() == ["waiting for PostgreSQL"] * waits + ["failed"]
    error = migration.records[-1]["error"]
    assert error.startswith("PostgreSQL cannot be reached: ")
    assert error.endswith("start it, or correct WEIGHBRIDGE_DATABASE_URL")
    assert "\n" not in error


def test_a_wait_that_is_no_time_is_a_wrong_setting(
    migrations: list[Migration], tmp_path: Path
) -> None:
    migration = Migration("postgresql://127.0.0.1:1/none", "-1", tmp_path / "log")
    migrations.append(migration)
    assert migration.process.wait(WITHIN_S) == 2
    assert [message.partition(":")[0] for message in migration.said()] == ["WEIGHBRIDGE_WAIT_S"]
