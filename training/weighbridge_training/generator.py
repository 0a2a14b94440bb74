"""A seeded world with the public dataset's columns, in which the true probability is known.

The public file's label is a rule of shipment status and traffic, so nothing can be learnt from it
beyond traffic. Here delay has causes that act together, and a share that no model can know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from weighbridge_training.table import Array, Table, make_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from weighbridge_training._columns import Row

__all__ = ["ASSETS", "Generated", "generate", "true_probability"]

# Log-odds that each vehicle adds: well kept trucks lower them, worn ones raise them.
_ASSET_EFFECT = {
    "Truck_1": -1.1,
    "Truck_2": 0.3,
    "Truck_3": 0.9,
    "Truck_4": -0.5,
    "Truck_5": 1.3,
    "Truck_6": -0.8,
    "Truck_7": 0.1,
    "Truck_8": -0.2,
    "Truck_9": 1.0,
    "Truck_10": -0.6,
}
ASSETS = tuple(_ASSET_EFFECT)
_YEAR_START_S = 1_704_067_200  # 2024-01-01, the public file's year
_YEAR_MINUTES = 366 * 24 * 60


@dataclass(frozen=True, slots=True)
class Generated:
    """Generated shipments, one by one as rows, with what only their maker knows.

    `probability` is the true chance of being late, float64; `known_at` the unix second at which
    the outcome arrives: hours to days after the observation, later when the shipment is late.
    """

    table: Table
    probability: Array
    known_at: Array

    def __iter__(self) -> Iterator[Row]:
        return self.table.rows()

    def __len__(self) -> int:
        return len(self.table)


def generate(rows: int, seed: int) -> Generated:
    """Make shipments of the year 2024; the same seed and count give the same shipments."""
    rng = np.random.default_rng(seed)
    values = _observations(rng, rows)
    late = rng.random(rows) < true_probability(values)
    table = make_table(values, _statuses(rng, late), late)
    # The table is in the order of time, so what belongs to its rows is drawn from it.
    return Generated(table, true_probability(table.columns), _arrival(rng, table))


def _observations(rng: np.random.Generator, rows: int) -> dict[str, Array]:
    def whole(low: int, high: int) -> Array:
        return rng.integers(low, high + 1, rows)

    def decimal(low: float, high: float, digits: int) -> Array:
        return rng.uniform(low, high, rows).round(digits)

    def choice(values: tuple[str, ...], shares: tuple[float, ...] | None = None) -> Array:
        return rng.choice(np.array(values, dtype=object), rows, p=shares)

    return {
        "timestamp": _YEAR_START_S + 60 * rng.integers(0, _YEAR_MINUTES, rows),
        "asset_id": choice(ASSETS),
        "latitude_deg": decimal(-90, 90, 4),
        "longitude_deg": decimal(-180, 180, 4),
        "inventory_level": whole(100, 500),
        "temperature_celsius": decimal(18, 30, 1),
        "humidity_percent": decimal(50, 80, 1),
        "traffic_status": choice(("clear", "detour", "heavy"), (0.33, 0.34, 0.33)),
        "waiting_time_minutes": whole(10, 60),
        "user_transaction_amount_usd": whole(100, 500),
        "user_purchase_frequency": whole(1, 10),
        "delay_reason": choice(
            ("none", "weather", "traffic", "mechanical_failure"), (0.26, 0.27, 0.24, 0.23)
        ),
        "asset_utilization_percent": decimal(60, 100, 1),
        "demand_forecast": whole(100, 300),
    }


def true_probability(columns: Mapping[str, Array]) -> Array:
    """Return each shipment's true chance of being late, float64, from a table's columns.

    A vehicle outside the generated fleet counts as an average one.
    """
    log_odds = (
        -2.15
        + _traffic(columns)
        + _weather(columns)
        + _stock(columns)
        + 1.3 * _ramp(columns["waiting_time_minutes"], 20, 60)
        + 1.5 * _ramp(columns["asset_utilization_percent"], 85, 100)
        + _vehicle(columns)
    )
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def _traffic(columns: Mapping[str, Array]) -> Array:
    """Congestion hurts most in the rush hours of a working day; a detour adds a little always."""
    hour, weekday = _hour(columns["timestamp"]), _weekday(columns["timestamp"])
    rush = (((hour >= 7) & (hour < 10)) | ((hour >= 16) & (hour < 19))) & (weekday < 5)
    heavy = columns["traffic_status"] == "heavy"
    night = (hour < 5) | (hour >= 22)
    effect = 0.9 * heavy + 1.3 * rush + 1.1 * (heavy & rush) - 0.9 * night
    effect = effect + 0.4 * (columns["traffic_status"] == "detour")
    return np.asarray(effect + 0.7 * (columns["delay_reason"] == "traffic"))


def _weather(columns: Mapping[str, Array]) -> Array:
    """Damp heat slows every road; a weather report makes it count twice."""
    damp = _ramp(columns["humidity_percent"], 60, 80) * _ramp(
        columns["temperature_celsius"], 20, 30
    )
    reported = columns["delay_reason"] == "weather"
    return np.asarray(1.2 * damp + reported * (0.3 + 1.6 * damp))


def _stock(columns: Mapping[str, Array]) -> Array:
    """Demand near or above the stock means waiting for replenishment, whatever their size."""
    ratio = columns["demand_forecast"] / np.maximum(columns["inventory_level"], 1)
    return np.asarray(2.8 / (1 + np.exp(-20 * (ratio - 0.9))))


def _vehicle(columns: Mapping[str, Array]) -> Array:
    """A defect is worse on a worn truck."""
    effect = np.array([_ASSET_EFFECT.get(a, 0.0) for a in columns["asset_id"].tolist()])
    defect = columns["delay_reason"] == "mechanical_failure"
    return np.asarray(effect + defect * (0.5 + 0.6 * np.maximum(effect, 0)))


def _ramp(values: Array, low: float, high: float) -> Array:
    return np.clip((values.astype(np.float64) - low) / (high - low), 0, 1)


def _hour(timestamp: Array) -> Array:
    return np.asarray(timestamp // 3600 % 24)


def _weekday(timestamp: Array) -> Array:
    return np.asarray((timestamp // 86_400 + 3) % 7)  # 1970-01-01 was a Thursday; Monday is 0


def _statuses(rng: np.random.Generator, late: Array) -> Array:
    """Statuses as a report would show them: they follow the outcome, but are no rule for it."""
    draw = rng.random(len(late))
    when_late = np.where(draw < 0.85, "delayed", "in_transit")
    on_time = np.where(draw < 0.55, "delivered", np.where(draw < 0.93, "in_transit", "delayed"))
    return np.where(late, when_late, on_time)


def _arrival(rng: np.random.Generator, table: Table) -> Array:
    """One hour to fourteen days after the observation: median 14 h on time, 40 h late."""
    hours = rng.lognormal(np.where(table.late, np.log(40), np.log(14)), 0.7)
    return table.columns["timestamp"] + (3600 * np.clip(hours, 1, 14 * 24)).astype(np.int64)
