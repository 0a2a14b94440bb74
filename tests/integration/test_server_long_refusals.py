"""Refusals with much to tell arrive whole: what does not fit into a header is counted."""

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc.error_details_pb2 import BadRequest  # type: ignore[import-untyped]
from grpc_status import rpc_status
from onnx import helper

from tests.fix_models import ModelFile
from tests.fix_server import ServerProcess, StartServer
from tests.shipments import GOOD, batch, single
from tests.tensor_models import artefact, infer_request
from weighbridge_server.transport.openinference.inference import open_inference_pb2 as pb

_INPUTS = [f"é_{index}_{'x' * 60}" for index in range(150)]
_NAN = {name: ("FP32", np.array([np.nan], np.float32)) for name in _INPUTS}


@pytest.fixture
def wide_server(
    start_server: StartServer, write_model: Callable[[bytes], ModelFile]
) -> ServerProcess:
    """A server of a model with 150 inputs, none of which a shipment has."""
    content = artefact(
        [helper.make_node("Sum", _INPUTS, ["y"])],
        {name: ("FP32", ["n"]) for name in _INPUTS},
        {"y": ("FP32", ["n"])},
        {name: [1.0] for name in _INPUTS},
        score="y",
    )
    return start_server(write_model(content), WEIGHBRIDGE_SIGNATURE="any")


def refusal(call: Callable[..., Any], request: Any) -> tuple[str, str, list[tuple[str, str]]]:
    """Make a call that must fail; return its code, its text and its violations."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=30)
    error: Any = caught.value
    bad = BadRequest()
    for detail in rpc_status.from_call(error).details:
        detail.Unpack(bad)
    return (
        error.code().name,
        error.details(),
        [(item.field, item.description) for item in bad.field_violations],
    )


def infer(server: ServerProcess) -> Callable[..., Any]:
    call: Any = server.channel.unary_unary(
        "/inference.GRPCInferenceService/ModelInfer",
        request_serializer=pb.ModelInferRequest.SerializeToString,
    )
    return call  # type: ignore[no-any-return]


def test_many_tensors_without_an_answer(wide_server: ServerProcess) -> None:
    request = infer_request(_NAN, raw=True, model="LogisticsDelayModel")
    code, text, violations = refusal(infer(wide_server), request)
    assert code == "INVALID_ARGUMENT"
    assert text.endswith("and 147 more")
    *listed, last = violations
    assert [field for field, _ in listed] == [f"inputs[{index}]" for index in range(len(listed))]
    assert last == ("", f"and {150 - len(listed)} more")


def test_many_bad_tensors(wide_server: ServerProcess) -> None:
    request = infer_request(_NAN, raw=True, model="LogisticsDelayModel")
    for given in request.inputs:
        given.datatype, given.shape[:] = "FP64", [0]
    code, _, (*listed, last) = refusal(infer(wide_server), request)
    assert code == "INVALID_ARGUMENT"
    assert last == ("", f"and {300 - len(listed)} more")


def test_a_model_of_many_inputs_that_does_not_fit(wide_server: ServerProcess) -> None:
    code, text, _ = refusal(wide_server.stub.Predict, single())
    assert code == "FAILED_PRECONDITION"
    assert text.startswith("the model does not fit this service: ")
    assert text.endswith("pin another version")


def test_a_shipment_without_a_good_field(server: ServerProcess) -> None:
    far: dict[str, Any] = {name: -1e9 for name, value in GOOD.items() if isinstance(value, float)}
    request = single(
        timestamp_unix_ms=None,
        asset_id="\N{SNOWMAN}" * 500,
        traffic_status=99,
        delay_reason=99,
        **far,
    )
    code, _, violations = refusal(server.stub.Predict, request)
    assert code == "INVALID_ARGUMENT"
    assert {field for field, _ in violations} == {
        f"shipment.{'timestamp' if name == 'timestamp_unix_ms' else name}" for name in GOOD
    }


def test_a_batch_without_a_good_column(server: ServerProcess) -> None:
    ragged = batch([GOOD])
    for name in set(GOOD) - {"timestamp_unix_ms"}:
        getattr(ragged.shipments, name).extend([getattr(ragged.shipments, name)[0]] * 9)
    code, _, violations = refusal(server.stub.PredictBatch, ragged)
    assert (code, len(violations)) == ("INVALID_ARGUMENT", len(GOOD) - 1)
    far = {name: float("nan") for name, value in GOOD.items() if isinstance(value, float)}
    request = batch([{**GOOD, **far, "asset_id": "", "traffic_status": 99}] * 65_536)
    code, _, violations = refusal(server.stub.PredictBatch, request)
    assert (code, len(violations)) == ("INVALID_ARGUMENT", len(far) + 2)
