"""What lies below the root: other folders, dead spools, who may read, and the status file."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from tests.counting import eventually
from tests.fix_postgres import Postgres
from tests.fix_shipper import ShipperProcess, StartShipper
from tests.prediction_rows import make_row, make_rows
from weighbridge_predictionlog import PredictionRow, Spool, migrate

WITHIN_S = 20.0


def write(folder: Path, *rows: PredictionRow) -> None:
    """Be a writer that wrote these rows and is gone."""
    with contextlib.closing(Spool(folder)) as spool:
        assert spool.append(rows)


def wait_until(true: Callable[[], object]) -> None:
    def check() -> None:
        assert true()

    eventually(check, WITHIN_S)


def arrived(database_url: str, row: PredictionRow) -> bool:
    query = "SELECT FROM predictions WHERE prediction_id = %s"
    with psycopg.connect(database_url) as connection:
        return bool(connection.execute(query, (row.prediction_id,)).rowcount)


def said(shipper: ShipperProcess, part: str) -> list[dict[str, Any]]:
    return [record for record in shipper.records() if part in str(record["message"])]


def test_other_folders_are_told_once_and_stop_no_spool(
    spool_root: Path, database_url: str, start_shipper: StartShipper
) -> None:
    (spool_root / "b" / "shipped.json").mkdir(parents=True)
    closed = spool_root / "lost+found"
    closed.mkdir()
    (spool_root / "empty").mkdir()
    rows = make_rows(3)
    write(spool_root / "a", rows[0])
    write(spool_root / "b", rows[1])
    closed.chmod(0o000)
    shipper = start_shipper(database_url)
    wait_until(lambda: arrived(database_url, rows[0]))
    write(spool_root / "z", rows[2])
    wait_until(lambda: arrived(database_url, rows[2]))
    closed.chmod(0o700)
    shipper.terminate()
    troubled = {record["folder"] for record in said(shipper, "cannot be shipped")}
    assert troubled == {str(spool_root / "b"), str(closed)}
    assert len(said(shipper, "cannot be shipped")) == 2
    assert [one["folder"] for one in said(shipper, "is no spool")] == [str(spool_root / "empty")]


def test_the_spool_of_a_dead_writer_goes_with_its_last_row(
    spool_root: Path, database_url: str, start_shipper: StartShipper
) -> None:
    kept = make_row()
    living = Spool(spool_root / "living")
    living.append([kept])
    write(spool_root / "dead", make_row())
    write(spool_root / "never-used")
    start_shipper(database_url)
    wait_until(lambda: [path.name for path in spool_root.glob("*/")] == ["living"])
    assert arrived(database_url, kept)
    row = make_row()
    write(spool_root / "dead", row)
    wait_until(lambda: arrived(database_url, row))


def test_what_holds_inputs_is_closed_to_others(
    spool_root: Path, database_url: str, start_shipper: StartShipper
) -> None:
    spool = Spool(spool_root / "a")
    spool.append([make_row(), make_row(kind="unheard of")])
    start_shipper(database_url)
    wait_until(lambda: (spool_root / "a" / "shipped.json").exists())
    wait_until(lambda: (spool_root / ".shipper.json").exists())
    rejected = spool_root / "a" / "rejected"
    for path in (rejected, *rejected.iterdir(), *spool_root.glob("a/*"), *spool_root.glob(".*")):
        assert path.stat().st_mode & 0o007 == 0, path


def test_the_status_file_tells_what_the_shipper_does(
    spool_root: Path, own_postgres: Postgres, start_shipper: StartShipper
) -> None:
    status = spool_root / ".shipper.json"

    def state() -> Any:
        return json.loads(status.read_bytes())["state"] if status.exists() else None

    own_postgres.stop()
    killed = start_shipper(own_postgres.url())
    wait_until(lambda: state() == "waiting for PostgreSQL")
    killed.kill()
    shipper = start_shipper(own_postgres.url())
    wait_until(lambda: status.exists() and json.loads(status.read_bytes())["pid"] == shipper.pid)
    told = json.loads(status.read_bytes())
    assert told["at"].endswith("+00:00")
    assert (told["schema"], told["state"], told["reason"]) == (
        1,
        "waiting for PostgreSQL",
        "PostgreSQL cannot be reached",
    )
    own_postgres.start()
    migrate(own_postgres.url())
    wait_until(lambda: state() == "shipping")
    assert json.loads(status.read_bytes())["reason"] is None
    assert shipper.terminate() == 0
    assert not status.exists()


def test_a_root_that_is_a_spool_itself_is_told(
    spool_root: Path, database_url: str, start_shipper: StartShipper
) -> None:
    write(spool_root, make_row())
    row = make_row()
    write(spool_root / "a", row)
    shipper = start_shipper(database_url)
    wait_until(lambda: arrived(database_url, row))
    assert len(said(shipper, "the root itself holds segments")) == 1


def test_a_missing_partition_refuses_no_row(
    spool_root: Path, database_url: str, start_shipper: StartShipper
) -> None:
    # As when a clean-up drops the day between its making and the insert.
    makes_none = """
        ALTER FUNCTION ensure_prediction_day RENAME TO ensure_later;
        CREATE FUNCTION ensure_prediction_day(day date) RETURNS void LANGUAGE sql
        BEGIN ATOMIC END
    """
    makes_it_again = """
        DROP FUNCTION ensure_prediction_day;
        ALTER FUNCTION ensure_later RENAME TO ensure_prediction_day
    """
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(makes_none)
        row = make_row()
        write(spool_root / "a", row)
        shipper = start_shipper(database_url)
        wait_until(lambda: said(shipper, "does not take rows"))
        connection.execute(makes_it_again)
    wait_until(lambda: arrived(database_url, row))
    assert not said(shipper, "set aside")
