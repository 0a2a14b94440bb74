"""Every rule of a Shipment, at its limit and beyond, asked of a server one by one and as rows.

The limits are read from the proto's own options, so that a new field or rule is walked too.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import BadRequest  # type: ignore[import-untyped]
from grpc_status import rpc_status

from logistics.delay.v1 import delay_service_pb2 as pb
from tests.fix_server import ServerProcess
from tests.shipments import GOOD, batch, single
from weighbridge_server.transport.delay import descriptor_pool

FIRST = "timestamp_unix_ms"


@dataclass(frozen=True)
class Case:
    """A field, as it is named in batches, and values on both sides of its rules."""

    field: str
    taken: tuple[Any, ...]
    refused: tuple[Any, ...]


def rules() -> Iterator[tuple[Any, str, Any]]:
    pool = descriptor_pool()
    options = GetMessageClass(pool.FindMessageTypeByName("google.protobuf.FieldOptions"))
    extension = pool.FindExtensionByName("buf.validate.field")
    for field in pool.FindMessageTypeByName("logistics.delay.v1.Shipment").fields:
        said: Any = options.FromString(field.GetOptions().SerializeToString())
        rule = said.Extensions[extension]
        kind = rule.WhichOneof("type")
        assert rule.required, f"{field.name}: a field that may be forgotten"
        yield field, kind, getattr(rule, kind)


def cases() -> Iterator[Case]:
    for field, kind, rule in rules():
        yield CASES[kind](field, rule)


def numbers(field: Any, rule: Any) -> Case:
    beyond = math.nextafter(rule.gte, -math.inf), math.nextafter(rule.lte, math.inf)
    return Case(field.name, (rule.gte, rule.lte), (*beyond, math.nan, math.inf, -math.inf))


def texts(field: Any, rule: Any) -> Case:
    lengths = rule.min_len, rule.max_len
    beyond = "x" * (lengths[0] - 1), "x" * (lengths[1] + 1)
    # Counted in characters, and an id that the model never saw is served.
    return Case(field.name, tuple("ü" * length for length in lengths), beyond)


def enums(field: Any, rule: Any) -> Case:
    defined = [value.number for value in field.enum_type.values]
    refused = [*rule.not_in, max(defined) + 1, -1, 2**31 - 1]
    return Case(field.name, tuple(set(defined) - set(rule.not_in)), tuple(refused))


def times(_: Any, rule: Any) -> Case:
    first, end = rule.gte.seconds * 1000, rule.lt.seconds * 1000
    return Case(FIRST, (first, end - 1), (first - 1, end, 0, -(2**53), 2**53))


CASES = {"double": numbers, "string": texts, "enum": enums, "timestamp": times}


def refusal(call: Any, request: Any) -> tuple[grpc.StatusCode, list[str]]:
    """Make a call that must fail; return its code and its bad fields."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=10)
    error: Any = caught.value
    bad = BadRequest()
    for detail in rpc_status.from_call(error).details:
        detail.Unpack(bad)
    return error.code(), [item.field for item in bad.field_violations]


@pytest.fixture
def walked(server: ServerProcess) -> Iterator[list[Case]]:
    """All cases; the server must have failed at none of them."""
    yield list(cases())
    assert "a call failed" not in server.messages


def asked(value: Any, field: str) -> Any:
    """Ask for one shipment with this value; times beyond a Timestamp's own range stay as given."""
    if field != FIRST:
        return single({**GOOD, field: value})
    request = single()
    request.shipment.timestamp.seconds, rest = divmod(value, 1000)
    request.shipment.timestamp.nanos = rest * 1_000_000
    return request


def test_values_at_a_limit_are_taken(walked: list[Case], server: ServerProcess) -> None:
    for case in walked:
        for value in case.taken:
            assert server.stub.Predict(asked(value, case.field), timeout=10).prediction_id
        rows = [{**GOOD, case.field: value} for value in case.taken]
        answer = server.stub.PredictBatch(batch(rows), timeout=10)
        assert not answer.errors
        assert all(answer.prediction_ids)


def test_values_beyond_a_limit_are_refused_by_name(
    walked: list[Case], server: ServerProcess
) -> None:
    for case in walked:
        name = "timestamp" if case.field == FIRST else case.field
        for value in case.refused:
            found = refusal(server.stub.Predict, asked(value, case.field))
            assert found == (grpc.StatusCode.INVALID_ARGUMENT, [f"shipment.{name}"]), value
        rows = [GOOD, *({**GOOD, case.field: value} for value in case.refused)]
        answer = server.stub.PredictBatch(batch(rows), timeout=10)
        assert [(error.row, error.field) for error in answer.errors] == [
            (row, name) for row in range(1, len(rows))
        ]
        assert [bool(one) for one in answer.prediction_ids] == [True] + [False] * len(case.refused)


def test_a_forgotten_field_is_named(walked: list[Case], server: ServerProcess) -> None:
    for case in walked:
        name = "timestamp" if case.field == FIRST else case.field
        found = refusal(server.stub.Predict, single({**GOOD, case.field: None}))
        assert found == (grpc.StatusCode.INVALID_ARGUMENT, [f"shipment.{name}"])
        without = batch([GOOD, GOOD])
        without.shipments.ClearField(case.field)
        code, fields = refusal(server.stub.PredictBatch, without)
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert f"shipments.{case.field}" in fields


def test_a_nanosecond_is_no_way_around_a_limit(server: ServerProcess) -> None:
    for seconds, nanos in [(946_684_799, 999_999_999), (4_102_444_800, 0), (10**15, 0), (-1, -1)]:
        request = single()
        request.shipment.timestamp.seconds = seconds
        request.shipment.timestamp.nanos = nanos
        found = refusal(server.stub.Predict, request)
        assert found == (grpc.StatusCode.INVALID_ARGUMENT, ["shipment.timestamp"])


def test_columns_have_one_length_within_bounds(walked: list[Case], server: ServerProcess) -> None:
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    empty = pb.PredictBatchRequest(shipments={})
    assert refusal(server.stub.PredictBatch, empty) == (invalid, [f"shipments.{FIRST}"])
    assert refusal(server.stub.PredictBatch, pb.PredictBatchRequest()) == (invalid, ["shipments"])
    for case in walked:
        ragged = batch([GOOD, GOOD])
        getattr(ragged.shipments, case.field).append(getattr(ragged.shipments, case.field)[0])
        code, fields = refusal(server.stub.PredictBatch, ragged)
        assert code is invalid
        assert f"shipments.{case.field}" in fields or case.field == FIRST
    huge = batch([GOOD] * 65_537)
    assert refusal(server.stub.PredictBatch, huge) == (invalid, [f"shipments.{FIRST}"])
