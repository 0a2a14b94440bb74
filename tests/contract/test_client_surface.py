"""What the SDK promises to its callers, held against the protos and the code itself."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from pathlib import Path

import grpc
import pytest

import weighbridge
from logistics.delay.v1 import delay_service_pb2, shipment_pb2
from weighbridge import (
    CallError,
    Client,
    DelayReason,
    FieldViolation,
    InvalidArgument,
    Shipment,
    TrafficStatus,
)
from weighbridge._errors import ERROR_BY_CODE

SERVICE = delay_service_pb2.DESCRIPTOR.services_by_name["DelayService"]
METHOD_OF_RPC = {"Predict": "predict", "PredictBatch": "predict_batch", "GetModel": "model"}
FAILURES = [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]
README = Path(__file__).parents[2] / "client" / "README.md"


def test_exports_are_exactly_the_list() -> None:
    public = {
        name
        for name, value in vars(weighbridge).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert public == set(weighbridge.__all__)
    assert len(weighbridge.__all__) == len(set(weighbridge.__all__))


def test_every_rpc_has_a_method_and_a_line_in_the_readme() -> None:
    assert set(METHOD_OF_RPC) == {method.name for method in SERVICE.methods}
    for rpc, method in METHOD_OF_RPC.items():
        assert callable(getattr(Client, method))
        assert f"`{rpc}`" in README.read_text()


@pytest.mark.parametrize("method", METHOD_OF_RPC.values())
def test_every_method_takes_the_same_options(method: str) -> None:
    parameters = inspect.signature(getattr(Client, method)).parameters.values()
    options = [found.name for found in parameters if found.kind is found.KEYWORD_ONLY]
    assert options == ["timeout_s", "retry", "user_id", "idempotency_key"]


@pytest.mark.parametrize("code", FAILURES)
def test_every_code_has_an_error_class(code: grpc.StatusCode) -> None:
    kind = ERROR_BY_CODE[code]
    assert issubclass(kind, CallError)
    assert kind.__name__ in weighbridge.__all__
    assert f"`{kind.__name__}`" in README.read_text()


def test_errors_survive_pickling() -> None:
    error = InvalidArgument(
        "refused",
        code=grpc.StatusCode.INVALID_ARGUMENT,
        violations=(FieldViolation("asset_id", "too long"),),
        request_id="r1",
        attempts=2,
    )
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert type(copy) is InvalidArgument
    assert str(copy) == "refused"
    assert vars(copy) == vars(error)


def test_shipment_has_the_fields_of_the_proto() -> None:
    fields = [field.name for field in shipment_pb2.Shipment.DESCRIPTOR.fields]
    assert list(Shipment.__slots__) == fields
    columns = [field.name for field in shipment_pb2.ShipmentColumns.DESCRIPTOR.fields]
    assert columns == ["timestamp_unix_ms", *fields[1:]]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (TrafficStatus, shipment_pb2.TrafficStatus),
        (DelayReason, shipment_pb2.DelayReason),
    ],
)
def test_enums_have_the_members_of_the_proto(
    ours: type[TrafficStatus | DelayReason], theirs: type[shipment_pb2.TrafficStatus]
) -> None:
    prefix = theirs.DESCRIPTOR.values[0].name.removesuffix("UNSPECIFIED")
    assert [f"{prefix}{member.name}" for member in ours] == theirs.keys()[1:]
    assert [member.value for member in ours] == [member.name.lower() for member in ours]


def test_every_default_and_error_is_in_the_readme() -> None:
    text = README.read_text()
    for name in inspect.signature(Client.__init__).parameters:
        assert name == "self" or f"`{name}`" in text, name
    for name in weighbridge.Retry.__slots__:
        assert f"`{name}`" in text, name


def test_importing_brings_in_grpc_and_protobuf_only() -> None:
    # What grpc itself brings in is its own affair, so it is imported first.
    script = """
import sys
import grpc
before = set(sys.modules)
import weighbridge
print(*(set(sys.modules) - before))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    allowed = {"grpc", "google.protobuf", "google.rpc", "google._upb", "logistics", "weighbridge"}
    for name in done.stdout.split():
        package, _, rest = name.partition(".")
        if package == "google" and rest:
            package = f"google.{rest.partition('.')[0]}"
        assert package in allowed | {"google"} | sys.stdlib_module_names, name
