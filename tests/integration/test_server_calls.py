"""A real server process with a real model: answers, refusals, and what is logged of them."""

import math
import uuid
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.rpc.error_details_pb2 import BadRequest  # type: ignore[import-untyped]
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status

from logistics.delay.v1 import delay_service_pb2 as pb
from tests.fix_models import NUMBERS, ModelFile, build_model, fail_from, nan_below
from tests.fix_server import ServerProcess, StartServer
from tests.shipments import GOOD, batch, single

SERVICE = "logistics.delay.v1.DelayService"


def refused(call: Any, *arguments: Any, **options: Any) -> tuple[grpc.StatusCode, str, list[str]]:
    """Make a call that must fail; return its code, text and bad fields."""
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, timeout=10, **options)
    error: Any = caught.value
    bad = BadRequest()
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        detail.Unpack(bad)
    return error.code(), error.details(), [item.field for item in bad.field_violations]


def test_an_answer_names_its_model_and_is_logged(
    server: ServerProcess, model_file: ModelFile
) -> None:
    metadata = (("x-request-id", "r-1"), ("x-idempotency-key", "k-1"), ("x-route", "weight"))
    answer = server.stub.Predict(single(), timeout=10, metadata=metadata)
    assert answer.model.name == "LogisticsDelayModel"
    assert answer.model.version == "7"
    assert answer.model.digest == f"sha256:{model_file.sha256}"
    assert answer.late == (answer.probability >= 0.37)
    assert uuid.UUID(answer.prediction_id).version == 7
    (row,) = server.rows
    assert str(row.prediction_id) == answer.prediction_id
    assert (row.call_id, row.request_id, row.route) == ("k-1", "r-1", "weight")
    assert (row.score, row.label, row.status_code) == (answer.probability, answer.late, "OK")
    assert (row.method, row.served_version, row.kind) == ("Predict", "v7", "call")
    # As given: float32 would make 67.80000305… of it.
    assert row.inputs is not None
    assert row.inputs["humidity_percent"] == 67.8
    assert row.inputs["timestamp"] == "2023-11-14T22:13:20.123Z"
    assert row.inputs["traffic_status"] == "detour"
    assert set(row.inputs) == {"timestamp", "asset_id", "traffic_status", "delay_reason", *NUMBERS}


def test_a_refusal_names_each_bad_field_and_is_logged(server: ServerProcess) -> None:
    request = single(humidity_percent=math.nan, asset_id=None, delay_reason=0)
    code, text, fields = refused(server.stub.Predict, request)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert fields == ["shipment.asset_id", "shipment.humidity_percent", "shipment.delay_reason"]
    assert text.startswith("shipment.asset_id: value is required; shipment.humidity_percent: ")
    (row,) = server.rows
    assert (row.status_code, row.error_field) == ("INVALID_ARGUMENT", "shipment.asset_id")
    assert (row.inputs, row.score, row.label) == (None, None, None)


@pytest.mark.parametrize("method", ["Predict", "PredictBatch", "GetModel"])
def test_malformed_bytes_are_the_callers_fault(method: str, server: ServerProcess) -> None:
    call: Any = server.channel.unary_unary(f"/{SERVICE}/{method}")
    code, text, _ = refused(call, b"\xff\xff\xff")
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert f"logistics.delay.v1.{method}Request" in text
    assert "Traceback" not in server.log


def test_the_wrong_shape_of_a_batch_is_named(server: ServerProcess) -> None:
    ragged = batch([GOOD, GOOD])
    del ragged.shipments.latitude_deg[1]
    too_many = batch([GOOD])
    too_many.shipments.timestamp_unix_ms.extend([0] * 65_536)
    empty = pb.PredictBatchRequest(shipments={})
    for request, field in [
        (ragged, "shipments.latitude_deg"),
        (too_many, "shipments.timestamp_unix_ms"),
        (empty, "shipments.timestamp_unix_ms"),
        (pb.PredictBatchRequest(), "shipments"),
    ]:
        code, text, fields = refused(server.stub.PredictBatch, request)
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert fields == [field]
        assert text.startswith(f"{field}: ")


def test_a_bad_row_fails_alone(server: ServerProcess) -> None:
    rows = [GOOD, {**GOOD, "humidity_percent": 101.0}, GOOD]
    answer = server.stub.PredictBatch(batch(rows), timeout=10)
    assert [(error.row, error.field) for error in answer.errors] == [(1, "humidity_percent")]
    assert answer.probabilities[0] == answer.probabilities[2]
    assert math.isnan(answer.probabilities[1])
    assert answer.prediction_ids[1] == ""
    head, first, last = server.rows
    assert (head.kind, head.row_count, head.failed_rows, head.score) == ("call", 3, 1, None)
    assert first.inputs is not None
    assert first.inputs["timestamp"] == "2023-11-14T22:13:20.123Z"
    assert [(row.kind, row.row_index) for row in (first, last)] == [("row", 0), ("row", 2)]
    assert [str(row.prediction_id) for row in (first, last)] == [
        answer.prediction_ids[0],
        answer.prediction_ids[2],
    ]
    assert {row.call_id for row in (first, last)} == {head.call_id}
    assert first.score == answer.probabilities[0]


def test_a_batch_of_nothing_but_faults_is_refused_before_it_outgrows_the_limit(
    server: ServerProcess,
) -> None:
    rows = [{**GOOD, "humidity_percent": -1.0, "latitude_deg": 91.0}] * 40_000
    code, text, fields = refused(server.stub.PredictBatch, batch(rows))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert fields == ["shipments.latitude_deg", "shipments.humidity_percent"]
    assert "40000 elements, the first in row 0" in text


@pytest.mark.parametrize(("setting", "percent"), [("off", 0), ("sample", 50), ("all", 100)])
def test_batch_rows_are_logged_as_set(
    setting: str, percent: int, start_server: StartServer, model_file: ModelFile
) -> None:
    server = start_server(
        model_file, WEIGHBRIDGE_LOG_BATCH_ROWS=setting, WEIGHBRIDGE_LOG_SAMPLE_PERCENT="50"
    )
    server.stub.PredictBatch(batch([GOOD] * 100), timeout=10)
    head, *rows = server.rows
    assert (head.row_count, head.failed_rows, head.sample_percent) == (100, 0, percent)
    assert {(row.failed_rows, row.sample_percent) for row in rows} <= {(0, None)}
    if setting == "sample":
        assert 20 < len(rows) < 80
    else:
        assert len(rows) == percent


def test_the_model_is_told(server: ServerProcess, model_file: ModelFile) -> None:
    model = server.stub.GetModel(pb.GetModelRequest(), timeout=10).model
    assert model.model.digest == f"sha256:{model_file.sha256}"
    assert model.uri == model_file.uri
    assert model.alias == ""
    assert model.threshold == 0.37
    assert dict(model.training_metrics) == {"auc": 0.81, "log_loss": 0.52}
    assert [(spec.name, spec.datatype) for spec in model.outputs] == [("probability", "FP32")]
    assert {spec.name: spec.datatype for spec in model.inputs}["timestamp"] == "INT64"
    assert server.rows == []


def test_a_failure_inside_stays_inside(
    start_server: StartServer, write_model: Callable[[bytes], ModelFile]
) -> None:
    server = start_server(write_model(build_model(twist=fail_from(500))))
    assert server.stub.Predict(single(inventory_level=499.0), timeout=10).prediction_id
    trace = "0af7651916cd43dd8448eb211c80319c"
    metadata = (("x-request-id", "r-500"), ("traceparent", f"00-{trace}-b7ad6b7169203331-01"))
    code, text, _ = refused(server.stub.Predict, single(inventory_level=500.0), metadata=metadata)
    assert code is grpc.StatusCode.INTERNAL
    assert text == "the server failed; its log has the cause under this call's request id"
    (told,) = (one for one in server.records if one["message"] == "a call failed")
    assert (told["method"], told["request_id"]) == (f"/{SERVICE}/Predict", "r-500")
    assert (told["trace_id"], told["version"]) == (trace, "7")
    assert "ModelRunError: the graph failed: " in told["exception"]
    row = server.rows[-1]
    assert (row.status_code, row.request_id, row.score) == ("INTERNAL", "r-500", None)


def test_what_is_no_probability_is_no_answer(
    start_server: StartServer, write_model: Callable[[bytes], ModelFile]
) -> None:
    server = start_server(write_model(build_model(twist=nan_below(100))))
    assert server.stub.Predict(single(inventory_level=100.0), timeout=10).prediction_id
    low = {**GOOD, "inventory_level": 99.0}
    for call, request in [
        (server.stub.Predict, single(low)),
        (server.stub.PredictBatch, batch([GOOD, low])),
    ]:
        code, _, _ = refused(call, request)
        assert code is grpc.StatusCode.INTERNAL
    assert "the graph gave nan as row 1's score" in server.log
    assert [row.status_code for row in server.rows] == ["OK", "INTERNAL", "INTERNAL"]


def test_an_idempotency_key_that_no_row_can_hold_is_refused(server: ServerProcess) -> None:
    for method, request in [("Predict", single()), ("PredictBatch", batch([GOOD]))]:
        metadata = (("x-idempotency-key", "k" * 129), ("x-request-id", "r-1"))
        call = getattr(server.stub, method)
        code, _, fields = refused(call, request, metadata=metadata)
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert fields == ["x-idempotency-key"]
    assert {(row.error_field, row.call_id) for row in server.rows} == {("x-idempotency-key", "r-1")}
    longest = (("x-idempotency-key", "k" * 128),)
    assert server.stub.Predict(single(), timeout=10, metadata=longest).prediction_id
    assert server.rows[-1].call_id == "k" * 128


def test_without_a_salt_no_user_is_told(start_server: StartServer, model_file: ModelFile) -> None:
    server = start_server(model_file, WEIGHBRIDGE_STICKY_SALT="")
    server.stub.Predict(single(), timeout=10, metadata=(("x-user-id", "anna"),))
    (row,) = server.rows
    assert row.sticky_key_hash is None
    assert len([one for one in server.messages if "WEIGHBRIDGE_STICKY_SALT" in one]) == 1


def test_reflection_knows_the_field_rules(server: ServerProcess) -> None:
    database = ProtoReflectionDescriptorDatabase(server.channel)
    assert {SERVICE, "grpc.health.v1.Health"} <= set(database.get_services())
    shipment = DescriptorPool(database).FindMessageTypeByName("logistics.delay.v1.Shipment")
    options = shipment.fields_by_name["humidity_percent"].GetOptions().SerializeToString()
    assert options


def test_open_streams_take_no_thread_from_the_calls(server: ServerProcess) -> None:
    streams = [ProtoReflectionDescriptorDatabase(server.channel) for _ in range(6)]
    watches = [server.health.Watch(health_pb2.HealthCheckRequest()) for _ in range(6)]
    assert streams[0].get_services()
    assert all(next(watch).status == health_pb2.HealthCheckResponse.SERVING for watch in watches)
    assert server.stub.Predict(single(), timeout=10).prediction_id
    for watch in watches:
        watch.cancel()


def test_a_message_past_the_limit_is_refused(server: ServerProcess) -> None:
    call: Any = server.channel.unary_unary(f"/{SERVICE}/Predict")
    code, _, _ = refused(call, bytes(17 * 1024 * 1024))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
