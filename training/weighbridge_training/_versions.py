"""The story of seven versions: each adds what the one before was blamed for not knowing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from weighbridge_training._columns import DELAY_REASONS, TRAFFIC_STATUSES
from weighbridge_training._features import Clock, Feature, Flag, LateRate, Number, Ordinal, Ratio

_Features: TypeAlias = tuple[Feature, ...]


@dataclass(frozen=True, slots=True)
class Trees:
    """Settings of gradient boosted trees."""

    count: int
    leaves: int
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """What makes a version: its features, and trees or (None) a logistic regression."""

    number: int
    title: str
    features: _Features
    trees: Trees | None = None


_WAITING: _Features = (Number("waiting_time_minutes"), Flag("traffic_status", "heavy"))
_REPORTS: _Features = (
    Flag("traffic_status", "detour"),
    *(Flag("delay_reason", reason) for reason in DELAY_REASONS if reason != "none"),
    Number("asset_utilization_percent"),
)
_SURROUNDINGS: _Features = (
    Number("temperature_celsius"),
    Number("humidity_percent"),
    Number("inventory_level"),
    Number("demand_forecast"),
)
# Trees take the named values as one number each: fewer columns, the same splits.
_FOR_TREES: _Features = (
    Number("waiting_time_minutes"),
    Ordinal("traffic_status", TRAFFIC_STATUSES),
    Ordinal("delay_reason", DELAY_REASONS),
    Number("asset_utilization_percent"),
    *_SURROUNDINGS,
)
_CLOCK: _Features = (
    Clock("hour", unit_s=3600, cycle=24),
    Clock("weekday", unit_s=86_400, cycle=7),
)
_RATIO: _Features = (Ratio("demand_ratio", over="demand_forecast", under="inventory_level"),)
_VEHICLE: _Features = (LateRate("asset_id"),)

STORY: Final = (
    Recipe(1, "waiting time and heavy traffic, logistic", _WAITING),
    Recipe(2, "+ detours, reported reasons, utilization", _WAITING + _REPORTS),
    Recipe(3, "+ weather, stock and demand", _WAITING + _REPORTS + _SURROUNDINGS),
    Recipe(4, "boosted trees on the same columns", _FOR_TREES, Trees(50, 15, 0.08)),
    Recipe(5, "+ hour and weekday", _FOR_TREES + _CLOCK, Trees(90, 15, 0.08)),
    Recipe(6, "+ demand over stock", _FOR_TREES + _CLOCK + _RATIO, Trees(100, 15, 0.08)),
    Recipe(
        7, "+ the vehicle's record", _FOR_TREES + _CLOCK + _RATIO + _VEHICLE, Trees(130, 15, 0.09)
    ),
)
