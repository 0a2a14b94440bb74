"""What the log tells of a graph that fails on a caller's value."""

from collections.abc import Callable

import grpc
import pytest

from tests.fix_models import ModelFile, build_model, fail_from
from tests.fix_server import ServerProcess, StartServer
from tests.shipments import single

_CALLS = 50


@pytest.fixture
def failed(start_server: StartServer, write_model: Callable[[bytes], ModelFile]) -> ServerProcess:
    """A server whose model has failed for a row of calls."""
    server = start_server(write_model(build_model(twist=fail_from(500))))
    for number in range(_CALLS):
        with pytest.raises(grpc.RpcError) as caught:
            server.stub.Predict(
                single(inventory_level=765_432.0),
                timeout=10,
                metadata=(("x-request-id", f"r-{number}"),),
            )
        assert caught.value.code() is grpc.StatusCode.INTERNAL
    return server


def test_the_log_has_the_node_and_not_the_value(failed: ServerProcess) -> None:
    told = next(one for one in failed.records if one["message"] == "a call failed")
    assert told["kind"] == "ModelRunError"
    assert "while running Gather node. Name:''" in told["exception"]
    assert "765432" not in told["exception"]
    assert "out of data bounds" not in failed.log


def test_each_call_has_a_line_and_few_a_traceback(failed: ServerProcess) -> None:
    told = [one for one in failed.records if one["message"] == "a call failed"]
    assert [one["request_id"] for one in told] == [f"r-{number}" for number in range(_CALLS)]
    assert "exception" in told[0]
    # One a second; fifty calls take far less, even on a machine that has other work.
    assert sum("exception" in one for one in told) < _CALLS / 2
