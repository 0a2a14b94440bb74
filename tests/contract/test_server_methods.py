"""Every RPC of the proto is answered, and told of."""

from pathlib import Path
from typing import Any

import grpc
import pytest

from logistics.delay.v1 import delay_service_pb2 as pb
from tests.fix_server import ServerProcess

SERVICE = pb.DESCRIPTOR.services_by_name["DelayService"]


def test_every_rpc_has_a_handler(server: ServerProcess) -> None:
    for method in SERVICE.methods:
        call: Any = server.channel.unary_unary(f"/{SERVICE.full_name}/{method.name}")
        with pytest.raises(grpc.RpcError) as caught:
            call(b"\xff", timeout=10)
        error: Any = caught.value
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT, method.name


def test_every_rpc_stands_in_the_readme(project: Path) -> None:
    readme = (project / "server" / "README.md").read_text()
    assert {method.name for method in SERVICE.methods if f"`{method.name}`" not in readme} == set()
