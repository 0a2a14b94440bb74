"""What a server does not take: too many calls, too late ones, too large ones."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo  # type: ignore[import-untyped]
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status

from tests.counting import eventually
from tests.fix_models import ModelFile, build_model, slow_from
from tests.fix_server import METERED, ServerProcess, StartServer
from tests.shipments import GOOD, batch, single

SERVICE = "logistics.delay.v1.DelayService"
_LIMIT = 1000
# Longer than any test waits for.
ENDLESS = single(inventory_level=1e6)
_SOON_S = 30  # on a machine that has other work
MiB = 1024 * 1024


@pytest.fixture
def slow_model(write_model: Callable[[bytes], ModelFile]) -> ModelFile:
    """A model that is slow on demand."""
    return write_model(build_model(twist=slow_from(_LIMIT, 200_000)))


@pytest.fixture
def metered(start_server: StartServer, model_file: ModelFile) -> ServerProcess:
    """A server of the common model with metrics."""
    return start_server(model_file, **METERED)


@pytest.fixture
def full(start_server: StartServer, slow_model: ModelFile) -> Iterator[ServerProcess]:
    """A server with room for eight calls, and eight that go on for as long as the test likes."""
    server = start_server(slow_model, WEIGHBRIDGE_THREADS="2", WEIGHBRIDGE_MAX_CALLS="8", **METERED)
    running = [server.stub.Predict.future(ENDLESS, timeout=100) for _ in range(8)]
    eventually(lambda: assert_metric(server, 8, "calls_in_flight"), within_s=_SOON_S)
    yield server
    # Whoever was let in is still waited for.
    assert not any(call.done() for call in running)
    assert server.metric("calls_in_flight") == 8


def assert_metric(server: ServerProcess, value: float, name: str) -> None:
    assert server.metric(name) == value


def code_of(call: Any) -> str:
    error = call.exception(60)
    return "OK" if error is None else str(error.code().name)


def codes(server: ServerProcess) -> Counter[str]:
    """The codes of the rows so far."""
    return Counter(row.status_code for row in server.rows)


def test_calls_beyond_the_limit_are_refused_at_once(full: ServerProcess) -> None:
    many = [full.stub.Predict.future(single(), timeout=60) for _ in range(992)]
    assert Counter(map(code_of, many)) == {"RESOURCE_EXHAUSTED": 992}
    eventually(lambda: assert_metric(full, 992, "calls_total"), within_s=_SOON_S)
    assert full.metric("calls_shed_total") == 992
    assert full.metric("calls_total", method="Predict", code="RESOURCE_EXHAUSTED") == 992
    assert codes(full) == {"RESOURCE_EXHAUSTED": 992}
    assert 0 < full.messages.count("too many calls at once; some are refused") < 10


def test_a_full_server_says_that_it_is_well(full: ServerProcess) -> None:
    answer = full.health.Check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=10)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert SERVICE in ProtoReflectionDescriptorDatabase(full.channel).get_services()


def test_a_refused_call_is_told_to_try_again(full: ServerProcess) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        full.stub.PredictBatch(batch([GOOD]), timeout=10, metadata=(("x-request-id", "r-1"),))
    status: Any = rpc_status.from_call(caught.value)  # type: ignore[arg-type]  # it is both
    info, retry = ErrorInfo(), RetryInfo()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(retry)
    assert (info.reason, info.domain) == ("TOO_MANY_CALLS", "weighbridge")
    assert retry.retry_delay.ToMilliseconds() > 0
    (row,) = full.rows
    assert (row.method, row.request_id) == ("PredictBatch", "r-1")
    assert (row.status_code, row.score) == ("RESOURCE_EXHAUSTED", None)


def test_every_call_of_a_burst_gets_an_answer_or_a_refusal(
    start_server: StartServer, slow_model: ModelFile
) -> None:
    server = start_server(slow_model, WEIGHBRIDGE_MAX_CALLS="4", **METERED)
    slow = single(inventory_level=_LIMIT + 1.0)
    calls = [server.stub.Predict.future(slow, timeout=100) for _ in range(1000)]
    counts = Counter(map(code_of, calls))
    assert set(counts) <= {"OK", "RESOURCE_EXHAUSTED"}
    assert counts["OK"] >= 4
    # There is room again, and nothing is left of them.
    assert server.stub.Predict(single(), timeout=10).prediction_id
    assert codes(server) == counts + Counter({"OK": 1})
    assert server.metric("calls_shed_total") == counts["RESOURCE_EXHAUSTED"]
    eventually(lambda: assert_metric(server, 0, "calls_in_flight"), within_s=_SOON_S)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_message_that_is_too_large_leaves_a_row(compressed: bool, metered: ServerProcess) -> None:
    call: Any = metered.channel.unary_unary(f"/{SERVICE}/Predict")
    compression = grpc.Compression.Gzip if compressed else grpc.Compression.NoCompression
    with pytest.raises(grpc.RpcError) as caught:
        call(bytes(17 * MiB), timeout=30, compression=compression)
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    eventually(lambda: assert_metric(metered, 1, "calls_total"), within_s=_SOON_S)
    # gRPC itself refused it, and tells the handler no more than that the call is over.
    assert codes(metered) == {"CANCELLED": 1}


def test_the_largest_batch_fits(metered: ServerProcess) -> None:
    request = batch([{**GOOD, "asset_id": "T" * 64}] * 65_536)
    assert request.ByteSize() < 16 * MiB
    answer = metered.stub.PredictBatch(request, timeout=60)
    assert len(answer.probabilities) == 65_536


def test_a_call_without_a_message_is_answered(server: ServerProcess) -> None:
    call: Any = server.channel.stream_unary(f"/{SERVICE}/Predict")
    with pytest.raises(grpc.RpcError) as caught:
        call(iter(()), timeout=10)
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == "the call brought no message; send one request"
