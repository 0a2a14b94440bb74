from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from logistics.delay.v1 import shipment_pb2
from weighbridge import DelayReason, Shipment, TrafficStatus
from weighbridge._convert import decode_columns, decode_shipment, encode_columns, encode_shipment

NUMBER = st.floats(allow_nan=False)
SHIPMENTS = st.builds(
    Shipment,
    timestamp=st.datetimes(timezones=st.timezones()).filter(
        # Offsets must not push the instant out of the years 1 to 9999.
        lambda at: 1 < at.year < 9999
    ),
    asset_id=st.text(st.characters(exclude_categories=["Cs"])),
    traffic_status=st.sampled_from(TrafficStatus),
    delay_reason=st.sampled_from(DelayReason),
    latitude_deg=NUMBER,
    longitude_deg=NUMBER,
    inventory_level=NUMBER,
    temperature_celsius=NUMBER,
    humidity_percent=NUMBER,
    waiting_time_minutes=NUMBER,
    user_transaction_amount_usd=NUMBER,
    user_purchase_frequency=NUMBER,
    asset_utilization_percent=NUMBER,
    demand_forecast=NUMBER,
)


@settings(deadline=None)
@given(SHIPMENTS)
def test_shipment_survives_the_wire(shipment: Shipment) -> None:
    sent = encode_shipment(shipment).SerializeToString()
    assert decode_shipment(shipment_pb2.Shipment.FromString(sent)) == shipment


@settings(deadline=None)
@given(st.lists(SHIPMENTS, min_size=1, max_size=5))
def test_batch_survives_the_wire_to_the_millisecond(shipments: list[Shipment]) -> None:
    sent = encode_columns(shipments).SerializeToString()
    received = decode_columns(shipment_pb2.ShipmentColumns.FromString(sent))
    for before, after in zip(shipments, received, strict=True):
        assert timedelta(0) <= before.timestamp - after.timestamp < timedelta(milliseconds=1)
        assert encode_shipment(after).latitude_deg == before.latitude_deg
        at = datetime(2024, 1, 1, tzinfo=UTC)
        assert _at(after, at) == _at(before, at)


def _at(shipment: Shipment, timestamp: datetime) -> Shipment:
    values = {name: getattr(shipment, name) for name in Shipment.__slots__}
    return Shipment.from_mapping({**values, "timestamp": timestamp})
