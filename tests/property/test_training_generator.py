"""The generated world: the public file's columns and ranges, and a truth that can be checked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighbridge_training import dataset
from weighbridge_training.generator import ASSETS, generate, true_probability
from weighbridge_training.table import read_table

SEEDS = st.integers(0, 2**32 - 1)
RANGES = {
    "timestamp": (1_704_067_200, 1_735_689_599),  # the year 2024
    "inventory_level": (100, 500),
    "temperature_celsius": (18, 30),
    "humidity_percent": (50, 80),
    "waiting_time_minutes": (10, 60),
    "user_transaction_amount_usd": (100, 500),
    "user_purchase_frequency": (1, 10),
    "asset_utilization_percent": (60, 100),
    "demand_forecast": (100, 300),
    "latitude_deg": (-90, 90),
    "longitude_deg": (-180, 180),
}
CHOICES = {
    "asset_id": ASSETS,
    "traffic_status": dataset.TRAFFIC_STATUSES,
    "delay_reason": dataset.DELAY_REASONS,
}

few = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
Change = Callable[[dict[str, Any]], None]


@few
@given(seed=SEEDS, rows=st.integers(1, 300))
def test_columns_and_ranges_are_the_public_files(seed: int, rows: int) -> None:
    made = generate(rows, seed)
    columns = made.table.columns
    assert set(columns) == set(dataset.INPUT_FIELDS)
    for name, (low, high) in RANGES.items():
        assert low <= columns[name].min()
        assert columns[name].max() <= high
    for name, values in CHOICES.items():
        assert set(columns[name]) <= set(values)
    assert set(made.table.status) <= set(dataset.SHIPMENT_STATUSES)
    assert (np.diff(columns["timestamp"]) >= 0).all()


@few
@given(seed=SEEDS)
def test_a_seed_names_the_shipments(seed: int) -> None:
    first, second = generate(100, seed), generate(100, seed)
    assert first.table.sha256() == second.table.sha256()
    assert (first.known_at == second.known_at).all()
    assert first.table.sha256() != generate(100, seed + 1).table.sha256()


@few
@given(seed=SEEDS)
def test_a_written_file_reads_back_as_the_same_training_data(seed: int, tmp_path: Path) -> None:
    made = generate(60, seed)
    path = tmp_path / "shipments.csv"
    dataset.write_csv(path, made, made.table.status.tolist())
    again, unlabelled = read_table(path)
    assert unlabelled == 0
    assert again.sha256() == made.table.sha256()
    for name, values in made.table.columns.items():
        assert (again.columns[name] == values).all(), name


@few
@given(seed=SEEDS)
def test_outcomes_come_as_often_as_the_truth_says(seed: int) -> None:
    made = generate(4_000, seed)
    for low, high in ((0, 0.4), (0.4, 0.7), (0.7, 1)):
        chosen = (made.probability >= low) & (made.probability < high)
        expected = made.probability[chosen]
        deviation = np.sqrt((expected * (1 - expected)).sum())
        # Six deviations: not once in the lifetime of this project by chance.
        assert abs(made.table.late[chosen].sum() - expected.sum()) < 6 * deviation


@few
@given(seed=SEEDS)
def test_outcomes_arrive_hours_to_days_later_and_delays_last(seed: int) -> None:
    made = generate(2_000, seed)
    hours = (made.known_at - made.table.columns["timestamp"]) / 3600
    assert hours.min() >= 1
    assert hours.max() <= 14 * 24
    assert np.median(hours[made.table.late]) > np.median(hours[~made.table.late])


def test_the_truth_can_be_asked_again() -> None:
    made = generate(500, 1)
    assert (true_probability(made.table.columns) == made.probability).all()


@pytest.mark.parametrize(
    ("field", "better", "worse"),
    [
        ("waiting_time_minutes", 10, 60),
        ("asset_utilization_percent", 60, 100),
        ("humidity_percent", 50, 80),
        ("demand_forecast", 100, 300),
        ("traffic_status", "clear", "heavy"),
        ("traffic_status", "clear", "detour"),
        ("delay_reason", "none", "weather"),
        ("asset_id", "Truck_1", "Truck_5"),
        ("timestamp", 1_704_250_800, 1_704_268_800),  # Wednesday, 3:00 and 8:00
    ],
)
def test_each_cause_counts(field: str, better: object, worse: object) -> None:
    columns = dict(generate(200, 2).table.columns)
    columns["temperature_celsius"] = np.full(200, 28, dtype=np.float32)
    kind = columns[field].dtype
    columns[field] = np.full(200, better, dtype=kind)
    low = true_probability(columns)
    columns[field] = np.full(200, worse, dtype=kind)
    high = true_probability(columns)
    assert (high >= low).all()
    assert high.mean() > low.mean() + 0.01


def test_an_unknown_vehicle_is_an_average_one() -> None:
    columns = dict(generate(200, 2).table.columns)
    columns["asset_id"] = np.full(200, "Van_1", dtype=object)
    unknown = true_probability(columns)
    assert np.isfinite(unknown).all()
    assert 0.3 < unknown.mean() < 0.8
