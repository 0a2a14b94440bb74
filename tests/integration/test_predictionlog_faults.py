"""Crashes and outages cost time, never a row."""

import subprocess
import sys
import threading
import uuid
from pathlib import Path

import psycopg
import pytest

from tests.counting import eventually
from tests.fix_postgres import Postgres
from tests.fix_shipper import ShipperProcess, StartShipper
from tests.prediction_rows import make_row, make_rows
from weighbridge_predictionlog import Spool, migrate
from weighbridge_predictionlog.spool import list_segments

WITHIN_S = 20.0
ENDLESS = "1000000"


def count_rows(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT count(*) FROM predictions").fetchone()
        assert found
        return int(found[0])


def missing(database_url: str, ids: list[uuid.UUID]) -> int:
    query = "SELECT count(*) FROM predictions WHERE prediction_id = ANY(%s)"
    with psycopg.connect(database_url) as connection:
        found = connection.execute(query, (ids,)).fetchone()
        assert found
        return len(ids) - int(found[0])


def expect_all(database_url: str, ids: list[uuid.UUID]) -> None:
    def none_missing() -> None:
        assert missing(database_url, ids) == 0

    eventually(none_missing, WITHIN_S)


def expect_message(shipper: ShipperProcess, part: str) -> None:
    def said() -> None:
        assert any(part in message for message in shipper.messages())

    eventually(said, WITHIN_S)


def test_kill_9_of_a_writer_loses_no_appended_row(
    spool_root: Path,
    tmp_path: Path,
    project: Path,
    database_url: str,
    start_shipper: StartShipper,
) -> None:
    shipper = start_shipper(database_url)
    acknowledged = tmp_path / "acknowledged"
    for _ in range(3):
        command = [sys.executable, "-m", "tests.spool_writer"]
        writer = subprocess.Popen(
            [*command, str(spool_root / "a"), str(acknowledged), ENDLESS], cwd=project
        )
        before = size(acknowledged)

        def under_load(before: int = before) -> None:
            assert size(acknowledged) > before + 2000 * 37

        eventually(under_load, WITHIN_S)
        writer.kill()
        writer.wait()
    ids = [uuid.UUID(line) for line in acknowledged.read_text().split()]
    expect_all(database_url, ids)
    # A row is on disk before its writer can say so: each kill leaves at most one such row.
    assert len(ids) <= count_rows(database_url) <= len(ids) + 3

    def emptied() -> None:
        assert not list_segments(spool_root / "a")

    eventually(emptied, WITHIN_S)
    assert shipper.terminate() == 0


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def test_kill_9_of_the_shipper_neither_loses_nor_doubles(
    spool_root: Path,
    database_url: str,
    start_shipper: StartShipper,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WEIGHBRIDGE_BATCH_BYTES", "20000")
    spool = Spool(spool_root / "a", rotate_bytes=100_000)
    rows = make_rows(6000)
    for row in rows:
        spool.append([row])
    for kill in range(1, 4):
        shipper = start_shipper(database_url)

        def in_the_middle(least: int = kill * 500) -> None:
            assert count_rows(database_url) >= least

        eventually(in_the_middle, WITHIN_S)
        shipper.kill()
    between = count_rows(database_url)
    assert 1500 <= between < 6000, "killed in the middle of its work"
    start_shipper(database_url)
    expect_all(database_url, [row.prediction_id for row in rows])
    assert count_rows(database_url) == 6000


def test_an_outage_of_postgresql_delays_rows_and_is_told_once(
    spool_root: Path, own_postgres: Postgres, start_shipper: StartShipper
) -> None:
    migrate(own_postgres.url())
    spool = Spool(spool_root / "a")
    rows = make_rows(4000)
    shipper = start_shipper(own_postgres.url())
    appending = threading.Thread(target=lambda: [spool.append([row]) for row in rows[:2000]])
    appending.start()
    eventually(lambda: assert_some(own_postgres.url()), WITHIN_S)
    own_postgres.stop()
    appending.join()
    for row in rows[2000:]:
        assert spool.append([row])
    expect_message(shipper, "cannot be reached")
    own_postgres.start()
    expect_all(own_postgres.url(), [row.prediction_id for row in rows])
    assert count_rows(own_postgres.url()) == len(rows)
    expect_message(shipper, "shipping again")
    assert [message.split(";")[0] for message in shipper.messages()] == [
        "shipper started",
        "PostgreSQL cannot be reached",
        "shipping again",
    ]


def assert_some(database_url: str) -> None:
    assert count_rows(database_url) > 0


def test_sigterm_in_an_outage_keeps_the_rows(
    spool_root: Path, own_postgres: Postgres, start_shipper: StartShipper
) -> None:
    url = own_postgres.url()
    migrate(url)
    own_postgres.stop()
    spool = Spool(spool_root / "a")
    row = make_row()
    spool.append([row])
    spool.close()
    shipper = start_shipper(url)
    expect_message(shipper, "cannot be reached")
    assert shipper.terminate() == 0
    assert len(list_segments(spool.directory)) == 1
    own_postgres.start()
    start_shipper(url)
    expect_all(url, [row.prediction_id])


def test_rows_wait_for_the_migration(
    spool_root: Path, empty_database_url: str, start_shipper: StartShipper
) -> None:
    rows = make_rows(10)
    Spool(spool_root / "a").append(rows)
    shipper = start_shipper(empty_database_url)
    expect_message(shipper, "not migrated")
    migrate(empty_database_url)
    expect_all(empty_database_url, [row.prediction_id for row in rows])
