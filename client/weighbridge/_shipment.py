"""What is asked about: a shipment, checked for type and presence when it is made.

Ranges are left to the server: they stand once, in the proto.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from enum import Enum
from numbers import Real
from typing import TypeAlias

from weighbridge._errors import FieldViolation, InvalidShipment, listed


class TrafficStatus(str, Enum):
    """How the road ahead looks to the carrier."""

    CLEAR = "clear"
    DETOUR = "detour"
    HEAVY = "heavy"


class DelayReason(str, Enum):
    """A disturbance already reported."""

    NONE = "none"
    WEATHER = "weather"
    TRAFFIC = "traffic"
    MECHANICAL_FAILURE = "mechanical_failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """A shipment as it is known before its outcome; units are in the names.

    The timestamp must know its time zone and is kept in UTC. The two enums also take their
    values as text. InvalidShipment names every field of the wrong type.
    """

    timestamp: datetime
    asset_id: str
    latitude_deg: float
    longitude_deg: float
    inventory_level: float
    temperature_celsius: float
    humidity_percent: float
    traffic_status: TrafficStatus
    waiting_time_minutes: float
    user_transaction_amount_usd: float
    user_purchase_frequency: float
    delay_reason: DelayReason
    asset_utilization_percent: float
    demand_forecast: float

    def __post_init__(self) -> None:
        violations = []
        for name in SHIPMENT_FIELDS:
            try:
                object.__setattr__(self, name, _checked(name, getattr(self, name)))
            except ValueError as refusal:
                violations.append(FieldViolation(name, str(refusal)))
        _refuse(violations)

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> Shipment:
        """Make a shipment from values by field name; unknown and missing names are refused."""
        known = ", ".join(SHIPMENT_FIELDS)
        missing = [name for name in SHIPMENT_FIELDS if name not in values]
        unknown = [str(name) for name in values if name not in SHIPMENT_FIELDS]
        _refuse(
            [FieldViolation(name, "is missing") for name in missing]
            + [FieldViolation(name, f"is no field; the fields are {known}") for name in unknown]
        )
        return cls(**values)  # type: ignore[arg-type]  # __post_init__ checks every type


SHIPMENT_FIELDS = tuple(field.name for field in fields(Shipment))

ShipmentLike: TypeAlias = Shipment | Mapping[str, object]
"""A shipment, or its values by field name."""


def as_shipment(value: ShipmentLike) -> Shipment:
    """Take a shipment as it is, or make it from a mapping."""
    if isinstance(value, Shipment):
        return value
    if isinstance(value, Mapping):
        return Shipment.from_mapping(value)
    problem = f"give a Shipment or a mapping, not {type(value).__name__}"
    raise InvalidShipment(f"shipment: {problem}", violations=(FieldViolation("shipment", problem),))


def as_shipments(values: Sequence[ShipmentLike]) -> list[Shipment]:
    """Take many; violations are named by row, as in `shipments[3].latitude_deg`."""
    if not isinstance(values, Sequence) or isinstance(values, str | bytes) or not values:
        problem = "give a sequence of at least one shipment"
        violation = FieldViolation("shipments", problem)
        raise InvalidShipment(f"shipments: {problem}", violations=(violation,))
    shipments, violations = [], []
    for row, value in enumerate(values):
        try:
            shipments.append(as_shipment(value))
        except InvalidShipment as refusal:
            violations += [
                FieldViolation(f"shipments[{row}].{found.field}", found.description)
                for found in refusal.violations
            ]
    _refuse(violations)
    return shipments


def _refuse(violations: list[FieldViolation]) -> None:
    if violations:
        raise InvalidShipment(listed(violations), violations=tuple(violations))


def _checked(name: str, value: object) -> object:
    if name == "timestamp":
        return _utc(value)
    if name == "asset_id":
        return _text(value)
    if name == "traffic_status":
        return _member(TrafficStatus, value)
    if name == "delay_reason":
        return _member(DelayReason, value)
    return _number(value)


def _utc(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise ValueError(f"give a datetime with a time zone, not {type(value).__name__}")
    if value.utcoffset() is None:
        raise ValueError("has no time zone; use for example value.replace(tzinfo=timezone.utc)")
    try:
        return value.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError("is out of range once in UTC") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"give text, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("is not valid Unicode text") from None
    return value


def _member(kind: type[Enum], value: object) -> Enum:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(repr(member.value) for member in kind)
        raise ValueError(f"give one of {known}, not {value!r}") from None


def _number(value: object) -> float:
    # A bool is a number to Python; here it is a column mixed up.
    if not isinstance(value, Real) or isinstance(value, bool):
        raise ValueError(f"give a number, not {type(value).__name__}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("is too large") from None
