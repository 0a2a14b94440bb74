"""Requests for tests of the server, built from plain values."""

from collections.abc import Mapping, Sequence
from typing import Any

from logistics.delay.v1 import delay_service_pb2 as pb

# A shipment as it is sent in a batch: the timestamp in milliseconds, enums as numbers.
GOOD: Mapping[str, Any] = {
    "timestamp_unix_ms": 1_700_000_000_123,
    "asset_id": "Truck_7",
    "latitude_deg": 48.1,
    "longitude_deg": 11.6,
    "inventory_level": 390.0,
    "temperature_celsius": 21.3,
    "humidity_percent": 67.8,
    "traffic_status": 2,
    "waiting_time_minutes": 38.0,
    "user_transaction_amount_usd": 320.0,
    "user_purchase_frequency": 4.0,
    "delay_reason": 1,
    "asset_utilization_percent": 60.1,
    "demand_forecast": 285.0,
}


def single(row: Mapping[str, Any] = GOOD, **changes: Any) -> pb.PredictRequest:
    """Ask for one row; a change to None leaves the field out."""
    values = {name: value for name, value in {**row, **changes}.items() if value is not None}
    unix_ms = values.pop("timestamp_unix_ms", None)
    request = pb.PredictRequest(shipment=values)
    if unix_ms is not None:
        request.shipment.timestamp.FromMilliseconds(unix_ms)
    return request


def batch(rows: Sequence[Mapping[str, Any]]) -> pb.PredictBatchRequest:
    """Ask for rows as columns."""
    return pb.PredictBatchRequest(shipments={name: [row[name] for row in rows] for name in GOOD})
