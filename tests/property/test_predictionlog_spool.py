"""Whatever happens to the bytes, a reader returns rows that were written, in order, and ends."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge_predictionlog import PredictionRow, Spool, SpoolReader
from weighbridge_predictionlog.spool import list_segments

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
maybe_texts = st.none() | texts
numbers = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
rows = st.builds(
    PredictionRow,
    prediction_id=st.uuids(),
    call_id=texts,
    attempt=st.integers(1, 500),
    envoy_attempt=st.integers(1, 500),
    kind=st.sampled_from(["call", "row"]),
    row_index=st.none() | st.integers(0, 1000),
    row_count=st.integers(1, 1000),
    failed_rows=st.integers(0, 1000),
    sample_percent=st.none() | numbers,
    method=texts,
    model_name=texts,
    model_version=texts,
    model_digest=texts,
    served_version=texts,
    routed_version=maybe_texts,
    route=st.sampled_from(["weight", "pin", "shadow", None]),
    traffic_revision=maybe_texts,
    sticky_key_hash=maybe_texts,
    request_id=maybe_texts,
    trace_id=maybe_texts,
    server_instance=texts,
    inputs=st.none() | st.dictionaries(texts, json_values, max_size=4),
    score=st.none() | numbers,
    label=st.none() | st.booleans(),
    status_code=texts,
    error_field=maybe_texts,
    latency_ms=numbers,
    created_at=st.datetimes(timezones=st.just(UTC)),
)


@pytest.fixture(scope="module")
def written() -> Iterator[tuple[Path, bytes, list[PredictionRow]]]:
    """A spool folder, the bytes of its one segment, and the rows in them."""
    from tests.prediction_rows import make_row

    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(folder)
        moment = datetime(2026, 11, 24, tzinfo=UTC)
        content = [make_row(inputs={"text": "ä" * n}, created_at=moment) for n in range(6)]
        spool.append(content)
        spool.close()
        yield Path(folder), list_segments(Path(folder))[0].path.read_bytes(), content


def read(folder: Path, data: bytes) -> tuple[list[PredictionRow], int]:
    list_segments(folder)[0].path.write_bytes(data)
    reader = SpoolReader(folder)
    return list(reader), reader.damaged


@given(st.lists(st.lists(rows, max_size=4), max_size=4))
@settings(max_examples=60, deadline=None)
def test_any_rows_come_back(calls: list[list[PredictionRow]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(folder, rotate_bytes=1500)
        for call in calls:
            assert spool.append(call)
        spool.close()
        reader = SpoolReader(folder)
        assert list(reader) == [row for call in calls for row in call]
        assert reader.damaged == 0


def test_truncation_at_any_byte(written: tuple[Path, bytes, list[PredictionRow]]) -> None:
    folder, data, content = written
    whole = 0
    for size in range(len(data) + 1):
        found, damaged = read(folder, data[:size])
        assert found == content[: len(found)]
        assert whole <= len(found) <= whole + 1, "a longer file holds no fewer rows"
        assert damaged == 0
        whole = len(found)
    assert whole == len(content)


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_corruption_of_any_byte(
    written: tuple[Path, bytes, list[PredictionRow]], data: st.DataObject
) -> None:
    folder, original, content = written
    position = data.draw(st.integers(0, len(original) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != original[position]))
    damaged_bytes = original[:position] + bytes([value]) + original[position + 1 :]
    found, damaged = read(folder, damaged_bytes)
    assert len(found) == len(content) - 1
    assert found == [row for row in content if row in found]
    assert damaged == (0 if content[-1] not in found else 1), "damage at the end is a torn tail"


@given(st.binary(max_size=300), st.integers(0, 6))
@settings(max_examples=150, deadline=None)
def test_foreign_bytes_between_rows(
    written: tuple[Path, bytes, list[PredictionRow]], foreign: bytes, place: int
) -> None:
    folder, original, content = written
    starts = [at for at in range(len(original)) if original.startswith(b"\xf5WB", at)]
    at = [*starts, len(original)][place]
    found, _ = read(folder, original[:at] + foreign + original[at:])
    assert found == content


@given(st.binary(max_size=600))
@settings(max_examples=150, deadline=None)
def test_bytes_that_are_no_spool_hold_no_row(
    written: tuple[Path, bytes, list[PredictionRow]], data: bytes
) -> None:
    assert read(written[0], data) == ([], 0)
