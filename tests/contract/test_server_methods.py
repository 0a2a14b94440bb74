"""Every RPC of the protos is answered, and told of."""

from pathlib import Path
from typing import Any

import grpc
import pytest

from logistics.delay.v1 import delay_service_pb2 as pb
from tests.fix_server import ServerProcess
from weighbridge_server.transport.openinference.inference import open_inference_pb2

SERVICES = [
    pb.DESCRIPTOR.services_by_name["DelayService"],
    open_inference_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"],
]
METHODS = [(service.full_name, method.name) for service in SERVICES for method in service.methods]


def test_every_rpc_has_a_handler(server: ServerProcess) -> None:
    for service, method in METHODS:
        call: Any = server.channel.unary_unary(f"/{service}/{method}")
        with pytest.raises(grpc.RpcError) as caught:
            call(b"\xff", timeout=10)
        error: Any = caught.value
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT, method


def test_every_rpc_stands_in_the_readme(project: Path) -> None:
    readme = (project / "server" / "README.md").read_text()
    assert {method for _, method in METHODS if f"`{method}`" not in readme} == set()
