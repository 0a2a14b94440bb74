"""The migrations, the view `calls` and reading back."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.prediction_rows import id_at, make_row
from weighbridge_predictionlog import (
    CallCount,
    MigrationError,
    PredictionRow,
    RowRefusedError,
    count_calls,
    migrate,
    recent_calls,
)
from weighbridge_predictionlog.shipper import Store

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store(database_url)
    yield store
    store.disconnect()


def calls(database_url: str, source: str = "calls") -> list[PredictionRow]:
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        found = connection.execute(f"SELECT * FROM {source} ORDER BY call_id").fetchall()  # noqa: S608
    return [PredictionRow(**row) for row in found]


def test_a_fallback_counts_as_one_call_of_the_version_that_answered(
    store: Store, database_url: str
) -> None:
    first = make_row(call_id="c", attempt=1, served_version="v6", status_code="UNAVAILABLE")
    second = make_row(call_id="c", attempt=2, served_version="v7")
    store.insert([first, second])
    assert calls(database_url) == [second]


def test_the_highest_attempt_counts_even_when_it_was_answered_first(
    store: Store, database_url: str
) -> None:
    quick = make_row(call_id="c", attempt=2)
    slow = make_row(call_id="c", attempt=1, served_version="v6")
    store.insert([quick, slow])
    assert calls(database_url) == [quick]


def test_the_clients_count_outranks_envoys(store: Store, database_url: str) -> None:
    rows = [
        make_row(call_id="c", attempt=2, envoy_attempt=1),
        make_row(call_id="c", attempt=1, envoy_attempt=3),
        make_row(call_id="d", attempt=1, envoy_attempt=2),
        make_row(call_id="d", attempt=1, envoy_attempt=1),
    ]
    store.insert(rows)
    since = datetime.now(UTC) - timedelta(minutes=5)
    window = f"calls_between('{since}', '{since + timedelta(minutes=10)}')"
    assert calls(database_url) == calls(database_url, window) == [rows[0], rows[2]]
    newest = recent_calls(database_url, since)
    assert [(one.attempt, one.envoy_attempt) for one in newest] == [(1, 2), (2, 1)]


def test_of_equal_attempts_the_latest_counts(store: Store, database_url: str) -> None:
    rows = [make_row(call_id="c", server_instance=name) for name in "abc"]
    store.insert(rows)
    assert calls(database_url) == [rows[-1]]


def test_a_shadow_is_no_attempt(store: Store, database_url: str) -> None:
    answered = make_row(call_id="c", served_version="v6")
    shadow = make_row(call_id="c", attempt=9, route="shadow")
    alone = make_row(call_id="d", route="shadow")
    direct = make_row(call_id="e", route=None, routed_version=None)
    store.insert([answered, shadow, alone, direct])
    assert calls(database_url) == [answered, direct]


def test_a_batch_is_one_call(store: Store, database_url: str) -> None:
    batch = make_row(
        call_id="c",
        method="PredictBatch",
        row_count=3,
        failed_rows=1,
        sample_percent=12.5,
        score=None,
    )
    rows = [
        make_row(call_id="c", kind="row", row_index=index, row_count=3, method="PredictBatch")
        for index in range(3)
    ]
    store.insert([batch, *rows])
    assert calls(database_url) == [batch]


def test_a_window_gives_the_calls_of_the_view_and_reads_only_its_days(
    store: Store, database_url: str
) -> None:
    rows = [
        make_row(prediction_id=id_at(NOON - timedelta(days=2)), call_id="early"),
        make_row(prediction_id=id_at(NOON - timedelta(seconds=1)), call_id="across", attempt=1),
        make_row(prediction_id=id_at(NOON), call_id="across", attempt=2),
        make_row(prediction_id=id_at(NOON + timedelta(seconds=59)), call_id="leaves", attempt=1),
        make_row(prediction_id=id_at(NOON + timedelta(seconds=60)), call_id="leaves", attempt=2),
    ]
    store.insert(rows)
    window = f"calls_between('{NOON}', '{NOON + timedelta(minutes=1)}')"
    assert calls(database_url, window) == [rows[2]]
    everything = f"calls_between('2026-11-01', '{NOON + timedelta(days=1)}')"
    assert calls(database_url, everything) == calls(database_url)
    with psycopg.connect(database_url) as connection:
        plan = connection.execute(f"EXPLAIN SELECT * FROM {window}").fetchall()  # noqa: S608
    text = "\n".join(line for (line,) in plan)
    assert "predictions_20261124" in text
    assert "predictions_20261122" not in text


def test_the_floor_of_a_moment_lies_between_its_keys_and_earlier_ones(database_url: str) -> None:
    def ask(query: str, *values: object) -> Any:
        found = connection.execute(query, values).fetchone()
        assert found
        return found[0]

    with psycopg.connect(database_url) as connection:
        floor = ask("SELECT prediction_id_floor(%s)", NOON)
        assert id_at(NOON - timedelta(milliseconds=1), suffix=2**62 - 1) < floor <= id_at(NOON)
        moment = NOON + timedelta(milliseconds=123)
        assert ask("SELECT prediction_time(%s)", id_at(moment)) == moment


def test_calls_are_counted_by_version_route_revision_and_code(
    store: Store, database_url: str
) -> None:
    def row(second: int, **changes: Any) -> PredictionRow:
        return make_row(prediction_id=id_at(NOON + timedelta(seconds=second)), **changes)

    store.insert(
        [
            *(row(second) for second in range(3)),
            row(10, status_code="UNAVAILABLE"),
            row(11, served_version="v6", routed_version="v7"),
            row(12, route="pin", traffic_revision="another"),
            row(13, route="shadow"),
        ]
    )
    assert count_calls(database_url) == [
        CallCount("v6", "v7", "weight", "0123456789ab", "OK", 1),
        CallCount("v7", "v7", "pin", "another", "OK", 1),
        CallCount("v7", "v7", "weight", "0123456789ab", "OK", 3),
        CallCount("v7", "v7", "weight", "0123456789ab", "UNAVAILABLE", 1),
    ]
    window = count_calls(database_url, NOON + timedelta(seconds=2), NOON + timedelta(seconds=11))
    assert [one.calls for one in window] == [1, 1]
    assert sum(one.calls for one in count_calls(database_url, since=NOON)) == 6


def run_together(count: int, work: Any) -> list[Any]:
    """Run the work in threads that start at one moment; return what each returned or raised."""
    gate = threading.Barrier(count)
    results: list[Any] = []

    def run() -> None:
        gate.wait()
        try:
            results.append(work())
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_migrating_twice_and_at_once(empty_database_url: str) -> None:
    results = run_together(4, lambda: migrate(empty_database_url))
    assert sorted(results) == [[], [], [], ["0001_predictions"]]
    assert migrate(empty_database_url) == []
    assert calls(empty_database_url) == []


def test_the_command_migrates(empty_database_url: str) -> None:
    command = [sys.executable, "-m", "weighbridge_predictionlog", "migrate"]
    environment = os.environ | {"WEIGHBRIDGE_DATABASE_URL": empty_database_url}
    for applied in ("0001_predictions", '"applied": []'):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert applied in done.stderr


def test_a_setting_that_is_missing_is_named() -> None:
    command = [sys.executable, "-m", "weighbridge_predictionlog", "migrate"]
    environment = {k: v for k, v in os.environ.items() if k != "WEIGHBRIDGE_DATABASE_URL"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert json.loads(line)["message"] == "WEIGHBRIDGE_DATABASE_URL: Field required"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE weighbridge_migrations SET sha256 = 'other'", "was changed"),
        ("INSERT INTO weighbridge_migrations VALUES (999, 'later', '')", "999"),
    ],
)
def test_a_database_migrated_by_other_files_is_refused(
    empty_database_url: str, change: str, message: str
) -> None:
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(change)
    with pytest.raises(MigrationError, match=message):
        migrate(empty_database_url)


def test_a_day_is_made_once_however_many_ask(database_url: str) -> None:
    def ensure() -> None:
        with psycopg.connect(database_url) as connection:
            connection.execute("SELECT ensure_prediction_day(%s)", (date(2026, 11, 20),))

    assert run_together(6, ensure) == [None] * 6


def test_two_stores_insert_the_same_rows_at_once(database_url: str) -> None:
    rows = [make_row() for _ in range(500)]

    def insert() -> None:
        store = Store(database_url)
        try:
            store.insert(rows)
        finally:
            store.disconnect()

    assert run_together(3, insert) == [None] * 3
    assert len(calls(database_url)) == 500


def test_a_refused_row_leaves_no_partition_behind(store: Store, database_url: str) -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(RowRefusedError, match="predictions_kind"):
        store.insert([make_row(prediction_id=id_at(day), kind="unheard of")])
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT has_prediction_day(%s)", (day.date(),)).fetchone()
    assert found == (False,)


def test_to_find_no_database_refuses_no_row() -> None:
    with pytest.raises(psycopg.ProgrammingError, match="percent-encoded"):
        Store("postgresql://u:%zz@127.0.0.1/weighbridge").insert([make_row()])
