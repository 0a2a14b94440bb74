"""Rows of the prediction log for tests."""

import uuid
from datetime import UTC, datetime
from typing import Any

from weighbridge_predictionlog import PredictionRow, new_prediction_id


def make_row(**changes: Any) -> PredictionRow:
    """Return a plain answered call of v7, with the named fields changed."""
    prediction_id = new_prediction_id()
    values: dict[str, Any] = {
        "prediction_id": prediction_id,
        "call_id": str(prediction_id),
        "method": "Predict",
        "model_name": "LogisticsDelayModel",
        "model_version": "7",
        "model_digest": "ab" * 32,
        "served_version": "v7",
        "routed_version": "v7",
        "route": "weight",
        "traffic_revision": "0123456789ab",
        "server_instance": "test",
        "inputs": {"asset_id": "Truck_7", "humidity_percent": 67.8},
        "score": 0.25,
        "label": False,
        "status_code": "OK",
        "latency_ms": 1.5,
        "created_at": datetime.now(UTC),
    }
    return PredictionRow(**values | changes)


def make_rows(count: int) -> list[PredictionRow]:
    """Return so many plain rows."""
    return [make_row() for _ in range(count)]


def id_at(moment: datetime, suffix: int = 0) -> uuid.UUID:
    """Return a prediction id as made at that moment; the suffix orders ids within it."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | suffix)
