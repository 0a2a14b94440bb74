from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from weighbridge import Client, DelayReason, InvalidShipment, Shipment, TrafficStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

NAIVE = datetime(2024, 1, 1)  # naive on purpose


@pytest.fixture
def idle_client() -> Iterator[Client]:
    """A client that would fail if anything were sent: refusals come before any call."""
    with Client("127.0.0.1:9", timeout_s=0.01) as client:
        yield client


def test_texts_and_whole_numbers_become_the_declared_types(
    shipment_values: dict[str, object],
) -> None:
    shipment = Shipment.from_mapping(shipment_values)
    assert shipment.traffic_status is TrafficStatus.DETOUR
    assert shipment.delay_reason is DelayReason.MECHANICAL_FAILURE
    assert type(shipment.inventory_level) is float


def test_timestamp_is_kept_in_utc(shipment_values: dict[str, object]) -> None:
    there = datetime(2024, 1, 1, 13, 37, tzinfo=timezone(timedelta(hours=2)))
    shipment = Shipment.from_mapping({**shipment_values, "timestamp": there})
    assert shipment.timestamp == there
    assert shipment.timestamp.tzinfo is UTC


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("timestamp", NAIVE, "time zone"),
        ("timestamp", "2024-01-01T00:00:00Z", "datetime"),
        ("timestamp", datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))), "range"),
        ("asset_id", 4, "text"),
        ("asset_id", "\ud800", "Unicode"),
        ("latitude_deg", "12.5", "number"),
        ("latitude_deg", True, "number"),
        ("latitude_deg", None, "number"),
        ("demand_forecast", 10**400, "large"),
        ("traffic_status", "HEAVY", "'heavy'"),
        ("traffic_status", [], "'heavy'"),
        ("delay_reason", None, "'none'"),
    ],
)
def test_wrong_value_is_refused_by_the_field_name(
    shipment_values: dict[str, object], field: str, value: object, told: str
) -> None:
    with pytest.raises(InvalidShipment, match=told) as refused:
        Shipment.from_mapping({**shipment_values, field: value})
    assert [violation.field for violation in refused.value.violations] == [field]


def test_every_bad_field_is_named(shipment_values: dict[str, object]) -> None:
    with pytest.raises(InvalidShipment) as refused:
        Shipment.from_mapping({**shipment_values, "asset_id": 4, "latitude_deg": "north"})
    assert [found.field for found in refused.value.violations] == ["asset_id", "latitude_deg"]


def test_missing_and_unknown_names_are_refused(shipment_values: dict[str, object]) -> None:
    del shipment_values["humidity_percent"]
    with pytest.raises(InvalidShipment) as refused:
        Shipment.from_mapping({**shipment_values, "shipment_status": "Delayed"})
    assert [found.field for found in refused.value.violations] == [
        "humidity_percent",
        "shipment_status",
    ]


def test_any_real_number_will_do(shipment_values: dict[str, object]) -> None:
    shipment = Shipment.from_mapping({**shipment_values, "latitude_deg": Fraction(1, 2)})
    assert shipment.latitude_deg == 0.5


def test_refused_before_any_call(idle_client: Client, shipment_values: dict[str, object]) -> None:
    shipment_values["timestamp"] = NAIVE
    with pytest.raises(InvalidShipment, match="timestamp: has no time zone"):
        idle_client.predict(shipment_values)
    with pytest.raises(InvalidShipment, match="shipment: give a Shipment or a mapping"):
        idle_client.predict("Truck_4")  # type: ignore[arg-type]  # what is tested


def test_batch_names_row_and_field(
    idle_client: Client, shipment: Shipment, shipment_values: dict[str, object]
) -> None:
    with pytest.raises(InvalidShipment) as refused:
        idle_client.predict_batch([shipment, {**shipment_values, "asset_id": 4}, 5])  # type: ignore[list-item]  # what is tested
    assert [found.field for found in refused.value.violations] == [
        "shipments[1].asset_id",
        "shipments[2].shipment",
    ]


@pytest.mark.parametrize("batch", [[], "Truck_4", {"asset_id": 1}, 5])
def test_batch_must_be_a_sequence(idle_client: Client, batch: object) -> None:
    with pytest.raises(InvalidShipment, match="sequence of at least one"):
        idle_client.predict_batch(batch)  # type: ignore[arg-type]  # what is tested


def test_message_of_a_long_batch_stays_short(
    idle_client: Client, shipment_values: dict[str, object]
) -> None:
    bad = {**shipment_values, "asset_id": 4}
    with pytest.raises(InvalidShipment, match="and 995 more") as refused:
        idle_client.predict_batch([bad] * 1000)
    assert len(refused.value.violations) == 1000
    assert len(str(refused.value)) < 500
