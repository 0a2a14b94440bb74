"""What the quick check lets pass is exactly what protovalidate finds nothing wrong with."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from logistics.delay.v1.shipment_pb2 import Shipment
from tests.shipments import GOOD
from weighbridge_server.transport.delay._rules import QuickCheck, read_rules
from weighbridge_server.transport.delay._schema import find_message, message_class, violations

QUICK = QuickCheck(read_rules())
NUMBERS = [
    field.name
    for field in find_message("Shipment").fields
    if field.cpp_type == field.CPPTYPE_DOUBLE
]
# The proto's limits, and what lies just beyond each of them.
EDGES = [0.0, -0.0, *(sign * x for sign in (1, -1) for x in (90, 180, 100, 60, 1e6, 1e9))]
NUMBER = st.one_of(
    st.sampled_from(EDGES),
    st.sampled_from(EDGES).map(lambda x: x * (1 + 2**-52)),
    st.floats(),
)
SECONDS = st.one_of(
    st.sampled_from([946_684_799, 946_684_800, 4_102_444_799, 4_102_444_800]),
    st.integers(-(2**62), 2**62),
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(NUMBERS, NUMBER),
    "asset_id": st.one_of(st.sampled_from(["", "x" * 64, "x" * 65, "ü" * 64]), st.text()),
    "traffic_status": st.integers(-1, 6),
    "delay_reason": st.integers(-1, 6),
}


def shipment(changes: dict[str, Any], seconds: int | None, nanos: int) -> Shipment:
    values = {**GOOD, **changes}
    del values["timestamp_unix_ms"]
    kept = {name: value for name, value in values.items() if value is not None}
    message = message_class(Shipment)(**kept)
    if seconds is not None:
        message.timestamp.seconds = seconds
        message.timestamp.nanos = nanos
    return message


@given(
    st.dictionaries(st.sampled_from(sorted(VALUES)), st.none(), max_size=1),
    st.lists(st.sampled_from(sorted(VALUES)), max_size=2, unique=True),
    st.data(),
    st.one_of(st.just(1_700_000_000), st.none(), SECONDS),
    st.integers(0, 999_999_999),
)
@settings(max_examples=400, deadline=None)
def test_both_judge_alike(
    absent: dict[str, None],
    changed: list[str],
    data: st.DataObject,
    seconds: int | None,
    nanos: int,
) -> None:
    changes = {name: data.draw(VALUES[name], name) for name in changed}
    message = shipment({**changes, **absent}, seconds, nanos)
    assert QUICK.passes(message) == (not violations(message))


def test_a_valid_one_passes() -> None:
    assert QUICK.passes(shipment({}, 1_700_000_000, 0))


def test_impossible_nanos_are_left_to_protovalidate() -> None:
    assert not QUICK.passes(shipment({}, 1_700_000_000, -1))
    assert not QUICK.passes(shipment({}, 1_700_000_000, 1_000_000_000))
