"""A label that is a rule of other columns is found in the data, and said."""

import logging
import random
from pathlib import Path

import pytest

from weighbridge_training import DatasetError, dataset
from weighbridge_training.generator import generate
from weighbridge_training.job import load_data


def write(path: Path, label: str) -> Path:
    """Write generated rows with another label: `public`, `traffic`, `status`, `chance`, `late`."""
    made, rng = generate(rows=1_000, seed=3), random.Random(1)
    statuses = made.table.status.tolist()
    rows = list(made)
    for row, status in zip(rows, statuses, strict=True):
        heavy, delayed = row["traffic_status"] == "heavy", status == "delayed"
        row["late"] = {
            "public": heavy or delayed,
            "traffic": heavy,
            "status": delayed,
            "chance": rng.random() < 0.5,
            "late": True,
        }[label]
    dataset.write_csv(path, rows, statuses)
    return path


@pytest.mark.parametrize(
    ("label", "phrases"),
    [
        (
            "public",
            [
                "late = (shipment_status is delayed) or (traffic_status is heavy)",
                "Shipment status is not an input",
                "only the half that traffic_status gives",
                "cannot tell v6 from v7",
            ],
        ),
        ("traffic", ["late = (traffic_status is heavy)", "none can be better"]),
        ("status", ["late = (shipment_status is delayed)", "v6 and v7 are guesses"]),
    ],
)
def test_a_rule_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, label: str, phrases: list[str]
) -> None:
    with caplog.at_level(logging.WARNING):
        loaded = load_data(write(tmp_path / "any-name.csv", label), rows=0, seed=0)
    assert loaded.rule is not None
    assert all(phrase in caplog.text for phrase in phrases), caplog.text


def test_no_rule_is_claimed_where_chance_decides(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert load_data(write(tmp_path / "rows.csv", "chance"), rows=0, seed=0).rule is None
    assert load_data(None, rows=2_000, seed=1).rule is None
    assert not caplog.records


def test_one_outcome_only_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="one outcome only"):
        load_data(write(tmp_path / "rows.csv", "late"), rows=0, seed=0)


def test_rows_without_a_label_are_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = list(generate(rows=1_000, seed=3))
    for row in rows[:100]:
        row["late"] = None
    dataset.write_csv(tmp_path / "rows.csv", rows)
    loaded = load_data(tmp_path / "rows.csv", rows=0, seed=0)
    assert loaded.rows == 900
    assert "100 rows have no label" in caplog.text


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    dataset.write_csv(tmp_path / "rows.csv", generate(rows=50, seed=3))
    with pytest.raises(DatasetError, match="50 labelled rows; training needs 200"):
        load_data(tmp_path / "rows.csv", rows=0, seed=0)
