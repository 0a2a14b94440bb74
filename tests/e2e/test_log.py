"""Rows in `calls` equal the calls, and their versions those of the answers."""

from collections import Counter
from typing import Any

import psycopg

from tests.counting import eventually
from tests.fix_stack import Stack
from tests.load import send

Rows = list[dict[str, object]]


def test_every_call_is_one_row(stack: Stack, rows: Rows, target: str) -> None:
    stack.rollout("set", "50")
    answers = {one.prediction_id: one for one in send(target, rows[:500]).predictions}
    assert len(answers) == 500

    def all_are_there() -> None:
        logged = logged_calls(stack, list(answers))
        assert len(logged) == 500
        for row in logged:
            answer = answers[str(row["prediction_id"])]
            assert row["served_version"] == row["routed_version"] == answer.served_version
            assert row["model_version"] == answer.model.version
            assert row["model_digest"] == answer.model.digest
            assert row["traffic_revision"] == answer.traffic_revision
            assert row["request_id"] == answer.request_id
            assert row["score"] == answer.probability
            assert row["route"] == "weight"
            assert row["attempt"] == 1
            assert row["status_code"] == "OK"

    eventually(all_are_there, within_s=10)


def test_the_view_counts_as_many_calls_as_were_answered(
    stack: Stack, rows: Rows, target: str
) -> None:
    before = calls_by_version(stack)
    counted = send(target, rows[:300])

    def all_are_counted() -> None:
        assert calls_by_version(stack) - before == counted.versions

    eventually(all_are_counted, within_s=10)


def test_inputs_are_logged_as_they_were_given(stack: Stack, rows: Rows, target: str) -> None:
    answer = send(target, rows[:1]).predictions[0]

    def is_there() -> None:
        logged = logged_calls(stack, [answer.prediction_id])
        assert len(logged) == 1
        inputs = logged[0]["inputs"]
        assert inputs["humidity_percent"] == rows[0]["humidity_percent"]
        assert inputs["asset_id"] == rows[0]["asset_id"]
        assert inputs["traffic_status"] == rows[0]["traffic_status"]

    eventually(is_there, within_s=10)


def logged_calls(stack: Stack, ids: list[str]) -> list[dict[str, Any]]:
    url = stack.environment["WEIGHBRIDGE_DATABASE_URL"]
    with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as connection:
        query = "SELECT * FROM calls WHERE prediction_id = ANY(%s::uuid[])"
        return connection.execute(query, (ids,)).fetchall()


def calls_by_version(stack: Stack) -> Counter[str]:
    with psycopg.connect(stack.environment["WEIGHBRIDGE_DATABASE_URL"]) as connection:
        query = "SELECT served_version, count(*) FROM calls GROUP BY 1"
        return Counter(dict(connection.execute(query).fetchall()))
