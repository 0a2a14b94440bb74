"""The Open Inference Protocol at a real server process, for its own model and for any."""

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo  # type: ignore[import-untyped]
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status
from onnx import helper

from logistics.delay.v1 import delay_service_pb2 as delay_pb
from tests.counting import eventually
from tests.fix_models import ModelFile
from tests.fix_server import ServerProcess, StartServer
from tests.shipments import GOOD, batch, single
from tests.tensor_models import answered, artefact, infer_request
from weighbridge_server.transport.openinference.inference import open_inference_pb2 as pb

SERVICE = "inference.GRPCInferenceService"
DELAY = "logistics.delay.v1.DelayService"
NAME = "LogisticsDelayModel"
METHODS = [one.name for one in pb.DESCRIPTOR.services_by_name["GRPCInferenceService"].methods]
TENSORS = {"x": ("FP32", np.array([[1, 2], [3, 4], [5, 6]], np.float32))}


def ask(server: ServerProcess, method: str, request: Any, **options: Any) -> Any:
    """Make a call of the service; its stubs have no client."""
    call: Any = server.channel.unary_unary(
        f"/{SERVICE}/{method}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=getattr(pb, f"{method}Response").FromString,
    )
    return call(request, timeout=10, **options)


def refused(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Make a call that must fail; return its code, its reason and its bad fields."""
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **options)
    error: Any = caught.value
    info, bad = ErrorInfo(), BadRequest()
    for detail in rpc_status.from_call(error).details:
        detail.Unpack(info)
        detail.Unpack(bad)
    return error.code(), info.reason, [item.field for item in bad.field_violations]


def health(server: ServerProcess, name: str) -> int:
    answer = server.health.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
    status: int = answer.status
    return status


@pytest.fixture
def any_server(
    start_server: StartServer, write_model: Callable[[bytes], ModelFile]
) -> ServerProcess:
    """A server of a model that knows no shipment."""
    content = artefact(
        [helper.make_node("Softmax", ["x"], ["shares"])],
        {"x": ("FP32", ["n", 2])},
        {"shares": ("FP32", ["n", 2])},
        {"x": [[1, 2]]},
        score="shares[1]",
        threshold="0.5",
    )
    return start_server(write_model(content), WEIGHBRIDGE_SIGNATURE="any")


def test_any_model_is_served_and_logged(any_server: ServerProcess) -> None:
    metadata = (("x-request-id", "r-1"), ("x-idempotency-key", "k-1"), ("x-route", "pin"))
    request = infer_request(TENSORS, raw=True, model=NAME, id="mine")
    answer = ask(any_server, "ModelInfer", request, metadata=metadata)
    shares = answered(answer)["shares"]
    assert shares.shape == (3, 2)
    head, *rows = any_server.rows
    assert (head.method, head.call_id, head.request_id, head.route, head.row_count) == (
        "ModelInfer",
        "k-1",
        "r-1",
        "pin",
        3,
    )
    ids = answer.parameters["prediction_ids"].string_param.split(",")
    assert [str(row.prediction_id) for row in rows] == ids
    assert [row.inputs for row in rows] == [{"x": [1, 2]}, {"x": [3, 4]}, {"x": [5, 6]}]
    assert [row.score for row in rows] == shares[:, 1].astype(float).tolist()
    assert {row.label for row in rows} == {True}


def test_a_model_that_does_not_fit_is_told_of_and_not_asked_by_columns(
    any_server: ServerProcess,
) -> None:
    asked: list[tuple[Any, Any]] = [
        (any_server.stub.Predict, single()),
        (any_server.stub.PredictBatch, batch([GOOD])),
    ]
    for call, request in asked:
        code, reason, _ = refused(call, request, timeout=10)
        assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "SIGNATURE")
    model = any_server.stub.GetModel(delay_pb.GetModelRequest(), timeout=10).model
    assert [(spec.name, list(spec.shape)) for spec in model.inputs] == [("x", [-1, 2])]
    assert [row.status_code for row in any_server.rows] == ["FAILED_PRECONDITION"] * 2
    serving, not_serving = 1, 2
    assert health(any_server, "") == serving
    assert health(any_server, SERVICE) == serving
    assert health(any_server, DELAY) == not_serving


def test_without_the_setting_such_a_model_is_not_served(
    start_server: StartServer, write_model: Callable[[bytes], ModelFile]
) -> None:
    content = artefact(
        [helper.make_node("Identity", ["x"], ["y"])],
        {"x": ("FP32", ["n"])},
        {"y": ("FP32", ["n"])},
        {"x": [1]},
    )
    server = start_server(write_model(content))
    assert server.process.wait(60) == 1
    assert "SignatureError" in server.log


def test_refusals_have_details_and_rows(server: ServerProcess) -> None:
    wrong = infer_request(TENSORS, raw=True, model=NAME)
    unknown = infer_request(TENSORS, raw=True, model="other", model_version="8")
    code, reason, fields = refused(ask, server, "ModelInfer", wrong)
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert fields[0] == "inputs[0].name"
    assert set(fields[1:]) == {"inputs"}
    assert refused(ask, server, "ModelInfer", unknown) == (
        grpc.StatusCode.NOT_FOUND,
        "UNKNOWN_MODEL",
        ["model_name", "model_version"],
    )
    metadata = pb.ModelMetadataRequest(name=NAME, version="8")
    code, _, fields = refused(ask, server, "ModelMetadata", metadata)
    assert (code, fields) == (grpc.StatusCode.NOT_FOUND, ["version"])
    assert [(row.method, row.status_code, row.error_field) for row in server.rows] == [
        ("ModelInfer", "INVALID_ARGUMENT", "inputs[0].name"),
        ("ModelInfer", "NOT_FOUND", "model_name"),
    ]


def test_a_long_list_of_faults_arrives(server: ServerProcess) -> None:
    request = pb.ModelInferRequest(model_name=NAME)
    for index in range(100):
        request.inputs.add(name=f"{index}é" * 100)
    code, _, fields = refused(ask, server, "ModelInfer", request)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert len(fields) > 10


@pytest.mark.parametrize("method", METHODS)
def test_malformed_bytes_are_the_callers_fault(method: str, server: ServerProcess) -> None:
    call: Any = server.channel.unary_unary(f"/{SERVICE}/{method}")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"\xff\xff\xff", timeout=10)
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == f"the bytes are no inference.{method}Request"


def test_a_leaving_server_says_so_and_answers(
    start_server: StartServer, model_file: ModelFile
) -> None:
    server = start_server(model_file, WEIGHBRIDGE_DRAIN_WAIT_S="5")
    ready = pb.ModelReadyRequest(name=NAME)
    assert ask(server, "ServerReady", pb.ServerReadyRequest()).ready
    assert ask(server, "ModelReady", ready).ready
    server.ask_to_stop()
    eventually(lambda: check_leaving(server), within_s=4)
    assert not ask(server, "ModelReady", ready).ready
    assert ask(server, "ServerLive", pb.ServerLiveRequest()).live
    assert server.stub.Predict(single(), timeout=10).prediction_id


def check_leaving(server: ServerProcess) -> None:
    assert not ask(server, "ServerReady", pb.ServerReadyRequest()).ready


def test_reflection_knows_the_protocol(server: ServerProcess) -> None:
    database = ProtoReflectionDescriptorDatabase(server.channel)
    assert SERVICE in database.get_services()
    service = DescriptorPool(database).FindServiceByName(SERVICE)
    assert len(service.methods) == 6


def test_a_full_batch_fits_into_an_answer(start_server: StartServer, model_file: ModelFile) -> None:
    server = start_server(model_file, WEIGHBRIDGE_LOG_BATCH_ROWS="off")
    rows = 65_536
    specs = ask(server, "ModelMetadata", pb.ModelMetadataRequest(name=NAME)).inputs
    tensors = {spec.name: (spec.datatype, column(spec.datatype, rows)) for spec in specs}
    answer = ask(server, "ModelInfer", infer_request(tensors, raw=True, model=NAME))
    assert answered(answer)["probability"].shape == (rows,)


def column(datatype: str, rows: int) -> Any:
    if datatype == "BYTES":
        return np.full(rows, "heavy", object)
    return np.ones(rows, np.int64 if datatype == "INT64" else np.float32)
