"""Rows appended by real processes become rows in PostgreSQL."""

import contextlib
import json
import random
import shutil
import string
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.counting import eventually
from tests.fix_shipper import StartShipper
from tests.prediction_rows import id_at, make_row, make_rows
from weighbridge_predictionlog import Spool, SpoolReader
from weighbridge_predictionlog.spool import list_segments

ARRIVE_WITHIN_S = 20.0


def stored_ids(database_url: str) -> list[uuid.UUID]:
    with psycopg.connect(database_url) as connection:
        return [one for (one,) in connection.execute("SELECT prediction_id FROM predictions")]


def expect_rows(database_url: str, expected: set[uuid.UUID]) -> None:
    """Wait until exactly these rows are in the table; the key forbids doubled ones."""

    def all_there() -> None:
        assert set(stored_ids(database_url)) == expected

    eventually(all_there, ARRIVE_WITHIN_S)


def set_aside(spool: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for file in sorted((spool / "rejected").glob("*.jsonl"))
        for line in file.read_text().splitlines()
    ]


def test_rows_of_several_processes_equal_the_rows_in_the_table(
    spool_root: Path,
    tmp_path: Path,
    project: Path,
    database_url: str,
    start_shipper: StartShipper,
) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.spool_writer", spool_root / name, tmp_path / name, "400"],
            cwd=project,
        )
        for name in "abc"
    ]
    assert [writer.wait(timeout=30) for writer in writers] == [0, 0, 0]
    written = [row for name in "abc" for row in SpoolReader(spool_root / name)]
    assert len(written) == 1200

    start_shipper(database_url)
    expect_rows(database_url, {row.prediction_id for row in written})
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        stored = connection.execute("SELECT * FROM predictions").fetchall()
    by_id = {row["prediction_id"]: row for row in stored}
    for row in written:
        assert by_id[row.prediction_id] == {
            name: getattr(row, name) for name in by_id[row.prediction_id]
        }
    eventually(lambda: no_segments(spool_root), 5)


def no_segments(spool_root: Path) -> None:
    assert not list(spool_root.glob("*/*.segment"))


def test_a_row_arrives_within_half_a_second(
    spool_root: Path, database_url: str, start_shipper: StartShipper
) -> None:
    spool = Spool(spool_root / "a")
    first = make_row()
    spool.append([first])
    start_shipper(database_url)
    expect_rows(database_url, {first.prediction_id})
    with psycopg.connect(database_url, autocommit=True) as connection:
        waits = sorted(arrival_s(connection, spool) for _ in range(9))
    assert waits[4] <= 0.5
    assert len(list_segments(spool.directory)) == 1, "the active segment stays"


def arrival_s(connection: psycopg.Connection[Any], spool: Spool) -> float:
    row = make_row()
    spool.append([row])
    start = time.monotonic()
    query = "SELECT FROM predictions WHERE prediction_id = %s"
    while not connection.execute(query, (row.prediction_id,)).rowcount:
        assert time.monotonic() - start < ARRIVE_WITHIN_S
        time.sleep(0.005)  # between two looks at a condition
    return time.monotonic() - start


def test_a_replayed_segment_changes_nothing(
    spool_root: Path, tmp_path: Path, database_url: str, start_shipper: StartShipper
) -> None:
    rows = make_rows(50)
    spool = Spool(spool_root / "a")
    spool.append(rows)
    spool.close()
    kept = shutil.copytree(spool.directory, tmp_path / "kept")
    shipper = start_shipper(database_url)
    ids = {row.prediction_id for row in rows}
    expect_rows(database_url, ids)
    assert shipper.terminate() == 0

    kept.rename(spool_root / "b")
    later = make_row()
    spool = Spool(spool_root / "b")
    spool.append([later])
    shipper = start_shipper(database_url)
    expect_rows(database_url, ids | {later.prediction_id})
    assert shipper.terminate() == 0
    assert "set aside" not in shipper.messages()


def test_refused_rows_are_set_aside_and_block_nothing(
    spool_root: Path, database_url: str, start_shipper: StartShipper
) -> None:
    letters = random.Random(7)
    too_long_for_an_index = "".join(letters.choices(string.ascii_letters, k=9000))
    refused = [
        make_row(call_id=too_long_for_an_index),
        make_row(kind="unheard of"),
        make_row(attempt=100_000),
        make_row(latency_ms={"not": "a number"}),
        make_row(prediction_id=uuid.UUID(int=0)),
        make_row(prediction_id=uuid.UUID(int=2**128 - 1)),
        make_row(prediction_id=id_at(datetime.now(UTC) + timedelta(days=30))),
    ]
    good = make_rows(200)
    mixed = refused + good
    letters.shuffle(mixed)
    spool = Spool(spool_root / "a")
    for row in mixed:
        assert spool.append([row])
    shipper = start_shipper(database_url)
    expect_rows(database_url, {row.prediction_id for row in good})

    def all_set_aside() -> None:
        lines = set_aside(spool.directory)
        ids = [json.loads(line["row"])["prediction_id"] for line in lines]
        assert sorted(ids) == sorted(str(row.prediction_id) for row in refused)
        assert all(line["reason"] for line in lines)

    eventually(all_set_aside, ARRIVE_WITHIN_S)
    assert shipper.messages().count("set aside") == len(refused)


def test_damage_is_stepped_over_and_kept(
    spool_root: Path, database_url: str, start_shipper: StartShipper
) -> None:
    rows = make_rows(5)
    spool = Spool(spool_root / "a")
    spool.append(rows)
    spool.close()
    path = list_segments(spool.directory)[0].path
    data = bytearray(path.read_bytes())
    data[data.index(str(rows[2].prediction_id).encode())] ^= 0xFF
    path.write_bytes(data[:-10])

    start_shipper(database_url)
    expect_rows(database_url, {rows[index].prediction_id for index in (0, 1, 3)})
    eventually(lambda: no_segments(spool_root), 5)
    reasons = [line["reason"] for line in set_aside(spool.directory)]
    assert [reason.split(":")[0] for reason in reasons] == ["damaged bytes", "torn tail"]


def test_late_rows_get_the_partition_of_their_own_day(
    spool_root: Path, database_url: str, start_shipper: StartShipper
) -> None:
    days = [datetime(2026, 3, day, hour, tzinfo=UTC) for day, hour in ((1, 0), (2, 23), (2, 1))]
    spool = Spool(spool_root / "a")
    spool.append([make_row(prediction_id=id_at(day), created_at=day) for day in days])
    start_shipper(database_url)
    expect_rows(database_url, {id_at(day) for day in days})
    with psycopg.connect(database_url) as connection:
        query = "SELECT tableoid::regclass::text, count(*) FROM predictions GROUP BY 1 ORDER BY 1"
        assert connection.execute(query).fetchall() == [
            ("predictions_20260301", 1),
            ("predictions_20260302", 2),
        ]


def test_a_second_shipper_on_the_same_root_is_refused(
    spool_root: Path, database_url: str, start_shipper: StartShipper
) -> None:
    first = start_shipper(database_url)
    eventually(lambda: assert_said(first.messages(), "shipper started"), ARRIVE_WITHIN_S)
    second = start_shipper(database_url)
    assert second.wait() == 1
    assert "another shipper works on" in str(second.records()[-1]["error"])


def assert_said(messages: list[str], message: str) -> None:
    assert message in messages


def test_sigterm_ships_what_is_there(
    spool_root: Path, database_url: str, start_shipper: StartShipper
) -> None:
    spool = Spool(spool_root / "a")
    rows = make_rows(5000)
    shipper = start_shipper(database_url)
    eventually(lambda: assert_said(shipper.messages(), "shipper started"), ARRIVE_WITHIN_S)
    for row in rows:
        spool.append([row])
    assert shipper.terminate() == 0
    assert set(stored_ids(database_url)) == {row.prediction_id for row in rows}
    assert shipper.messages()[-1] == "shipper stopped"


def test_a_nul_character_is_stored_as_the_replacement_character(
    spool_root: Path, database_url: str, start_shipper: StartShipper
) -> None:
    inputs = {"asset_id": "Truck\0", "literal": "\\u0000", "n": [1]}
    row = make_row(request_id="a\0b", inputs=inputs)
    with contextlib.closing(Spool(spool_root / "v6")) as spool:
        assert spool.append([row])
    start_shipper(database_url)

    expect_rows(database_url, {row.prediction_id})
    with psycopg.connect(database_url) as connection:
        stored = connection.execute("SELECT request_id, inputs FROM predictions").fetchone()
    assert stored == (
        "a\ufffdb",
        {"asset_id": "Truck\ufffd", "literal": "\\u0000", "n": [1]},
    )
