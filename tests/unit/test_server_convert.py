"""A row of a batch and a single shipment become the same values, logged and fed alike."""

from typing import Any

import pytest

from tests.shipments import GOOD, batch, single
from weighbridge_server.transport import COLUMNS
from weighbridge_server.transport.delay._convert import columns_of, raw_columns_of, values_of

ROWS: list[dict[str, Any]] = [
    {**GOOD},
    {**GOOD, "timestamp_unix_ms": 946_684_800_999, "traffic_status": 1, "delay_reason": 4},
    {**GOOD, "humidity_percent": 0.1 + 0.2, "traffic_status": 3, "delay_reason": 2},
    {**GOOD, "asset_id": "Lkw_ä", "latitude_deg": -0.0, "delay_reason": 3},
]


@pytest.mark.parametrize("index", range(len(ROWS)))
def test_both_ways_give_the_same_values(index: int) -> None:
    columns = columns_of(raw_columns_of(batch(ROWS).shipments))
    row = {name: column.tolist()[index] for name, column in columns.items()}
    assert row == values_of(single(ROWS[index]).shipment)
    assert set(row) == set(COLUMNS)


def test_words_and_seconds_are_those_of_the_training_data() -> None:
    values = values_of(single(ROWS[1]).shipment)
    assert values["timestamp"] == 946_684_800
    assert values["traffic_status"] == "clear"
    assert values["delay_reason"] == "mechanical_failure"
