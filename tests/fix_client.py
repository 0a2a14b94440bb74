"""A valid shipment, and a real gRPC server for the SDK to call."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from weighbridge import Shipment
from weighbridge.testing import FakeServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def shipment_values() -> dict[str, object]:
    return {
        "timestamp": datetime(2024, 1, 1, 11, 37, tzinfo=UTC),
        "asset_id": "Truck_4",
        "latitude_deg": -59.0753,
        "longitude_deg": 68.4886,
        "inventory_level": 303,
        "temperature_celsius": 24.6,
        "humidity_percent": 68.6,
        "traffic_status": "detour",
        "waiting_time_minutes": 50,
        "user_transaction_amount_usd": 213,
        "user_purchase_frequency": 6,
        "delay_reason": "mechanical_failure",
        "asset_utilization_percent": 97.1,
        "demand_forecast": 297,
    }


@pytest.fixture
def shipment(shipment_values: dict[str, object]) -> Shipment:
    return Shipment.from_mapping(shipment_values)


@pytest.fixture
def fake_server() -> Iterator[FakeServer]:
    with FakeServer(0.7) as server:
        yield server
