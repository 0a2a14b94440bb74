"""From a call's metadata to its row in the prediction log."""

import time
from pathlib import Path

import pytest

from weighbridge_predictionlog import PredictionRow, Spool, SpoolReader, hash_sticky_key
from weighbridge_server.inference import BatchRows, Journal, Origin
from weighbridge_server.models import Pin
from weighbridge_server.transport import InvalidRequestError
from weighbridge_server.transport._call import CallReader

READER = CallReader("salt")
PIN = Pin("LogisticsDelayModel", "7", "file:///m.onnx", "ab" * 32)


def logged(folder: Path, metadata: dict[str, str | bytes]) -> PredictionRow:
    """Log a refused call with this metadata and read the row back."""
    spool = Spool(folder)
    origin = Origin(PIN, "v7", "host/1")
    journal = Journal(spool, origin, batch_rows=BatchRows.ALL, sample_percent=100)
    call = READER.read("Predict", metadata.items(), time.perf_counter_ns())
    journal.refused(call, "INVALID_ARGUMENT", "shipment.asset_id")
    spool.close()
    (row,) = SpoolReader(folder)
    return row


def test_all_that_the_ingress_says_is_in_the_row(tmp_path: Path) -> None:
    row = logged(
        tmp_path,
        {
            "x-request-id": "r-1",
            "x-idempotency-key": "k-1",
            "x-attempt": "2",
            "x-envoy-attempt-count": "3",
            "x-route": "weight",
            "x-routed-version": "v6",
            "x-traffic-revision": "0123456789ab",
            "x-user-id": "anna",
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        },
    )
    assert (row.call_id, row.request_id) == ("k-1", "r-1")
    assert (row.attempt, row.envoy_attempt) == (2, 3)
    assert (row.route, row.routed_version, row.served_version) == ("weight", "v6", "v7")
    assert row.traffic_revision == "0123456789ab"
    assert row.sticky_key_hash == hash_sticky_key("anna", "salt")
    assert row.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert (row.model_name, row.model_version) == ("LogisticsDelayModel", "7")
    assert row.model_digest == "sha256:" + "ab" * 32
    assert (row.status_code, row.error_field) == ("INVALID_ARGUMENT", "shipment.asset_id")
    assert row.inputs is None
    assert row.score is None
    assert 0 < row.latency_ms < 60_000


def test_a_direct_call_is_its_own_first_attempt(tmp_path: Path) -> None:
    row = logged(tmp_path, {})
    assert row.call_id == str(row.prediction_id)
    assert (row.attempt, row.envoy_attempt) == (1, 1)
    assert (row.route, row.routed_version, row.request_id, row.sticky_key_hash) == (None,) * 4


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("x-attempt", "many"),
        ("x-attempt", "-3"),
        ("x-attempt", "٣"),
        ("x-envoy-attempt-count", ""),
        ("x-route", "elsewhere"),
        ("traceparent", "00-short-00f067aa0ba902b7-01"),
        ("x-request-id", ""),
        ("x-request-id", "r" * 129),
        ("x-request-id", "r\x7f"),
        ("x-trace-bin", b"\x00\xff"),
    ],
)
def test_what_cannot_be_read_counts_as_not_said(
    key: str, value: str | bytes, tmp_path: Path
) -> None:
    row = logged(tmp_path, {key: value})
    assert (row.attempt, row.envoy_attempt) == (1, 1)
    assert (row.route, row.trace_id, row.request_id) == (None, None, None)


def test_a_huge_count_is_bounded(tmp_path: Path) -> None:
    row = logged(tmp_path, {"x-attempt": "9" * 100, "x-envoy-attempt-count": "40000"})
    assert (row.attempt, row.envoy_attempt) == (32_767, 32_767)


def test_long_user_ids_that_begin_alike_are_told_apart(tmp_path: Path) -> None:
    users = ["u" * 128 + end for end in "ab"]
    hashes = [logged(tmp_path / user[-1], {"x-user-id": user}).sticky_key_hash for user in users]
    assert hashes == [hash_sticky_key(user, "salt") for user in users]
    assert hashes[0] != hashes[1]


@pytest.mark.parametrize("key", ["k" * 129, "k\n", "kä", b"k"])
def test_a_key_that_no_row_can_hold_is_the_callers_fault(key: str | bytes) -> None:
    with pytest.raises(InvalidRequestError, match="x-idempotency-key: must be at most 128"):
        READER.read("Predict", [("x-idempotency-key", key)], 0, check_key=True)


def test_any_other_key_passes() -> None:
    metadata = [("x-idempotency-key", "k" * 128), ("x-request-id", "r" * 500)]
    assert READER.read("Predict", metadata, 0, check_key=True).idempotency_key == "k" * 128
    assert READER.read("Predict", [], 0, check_key=True).idempotency_key is None


def test_of_a_refused_call_a_bad_key_counts_as_not_said() -> None:
    metadata = [("x-idempotency-key", "k" * 129), ("x-request-id", "r-1")]
    call = READER.read("Predict", metadata, 0)
    assert (call.idempotency_key, call.request_id) == (None, "r-1")
