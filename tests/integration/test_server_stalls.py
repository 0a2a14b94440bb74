"""Callers that open calls and send nothing: they get an answer, and nobody waits for them."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from logistics.delay.v1 import delay_service_pb2 as pb
from tests.counting import eventually
from tests.fix_models import ModelFile
from tests.fix_server import METERED, ServerProcess, StartServer
from tests.shipments import single

PREDICT = "/logistics.delay.v1.DelayService/Predict"
CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
REFLECT = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
_SOON_S = 30  # on a machine that has other work
_LONG = {"WEIGHBRIDGE_MESSAGE_LIMIT_S": "600"}
_SHORT = {"WEIGHBRIDGE_MESSAGE_LIMIT_S": "0.5"}

Stall = Callable[[ServerProcess, str, int], list[Any]]


class Held:
    """A request stream that sends nothing until it is let go, then these messages."""

    def __init__(self, *messages: bytes) -> None:
        self.let_go = threading.Event()
        self._messages = messages

    def __iter__(self) -> Iterator[bytes]:
        self.let_go.wait()
        yield from self._messages


@pytest.fixture
def stall() -> Iterator[Stall]:
    """Open calls of which only the headers arrive."""
    held: list[Held] = []

    def open_calls(server: ServerProcess, method: str, count: int) -> list[Any]:
        requests = [Held() for _ in range(count)]
        held.extend(requests)
        if method in {WATCH, REFLECT}:
            stream: Any = server.channel.stream_stream(method)
            return [stream(iter(request)) for request in requests]
        call: Any = server.channel.stream_unary(method)
        return [call.future(iter(request)) for request in requests]

    yield open_calls
    for requests in held:
        requests.let_go.set()


def is_well(server: ServerProcess) -> None:
    answer = server.health.Check(health_pb2.HealthCheckRequest(), timeout=_SOON_S)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def assert_in_flight(server: ServerProcess, count: int) -> None:
    assert server.metric("calls_in_flight") == count


def said(call: Any) -> tuple[str, str]:
    error = call.exception(_SOON_S)
    return error.code().name, error.details()


def test_calls_that_send_nothing_hold_up_no_other(
    start_server: StartServer, model_file: ModelFile, stall: Stall
) -> None:
    server = start_server(model_file, **_LONG, **METERED)
    stalled = stall(server, PREDICT, 16)
    eventually(lambda: assert_in_flight(server, 16), within_s=_SOON_S)
    for _ in range(20):
        assert server.stub.Predict(single(), timeout=_SOON_S).prediction_id
    assert not any(call.done() for call in stalled)


def test_a_call_that_sends_nothing_is_ended(
    start_server: StartServer, model_file: ModelFile, stall: Stall
) -> None:
    server = start_server(model_file, WEIGHBRIDGE_MAX_CALLS="16", **_SHORT, **METERED)
    stalled = stall(server, PREDICT, 16)
    text = "no message came within 0.5 s; send it again"
    assert {said(call) for call in stalled} == {("INVALID_ARGUMENT", text)}
    eventually(lambda: assert_in_flight(server, 0), within_s=_SOON_S)
    assert server.stub.Predict(single(), timeout=_SOON_S).prediction_id
    assert Counter(row.status_code for row in server.rows) == {"INVALID_ARGUMENT": 16, "OK": 1}


def test_a_message_may_come_late(start_server: StartServer, model_file: ModelFile) -> None:
    server = start_server(model_file, **_LONG, **METERED)
    call: Any = server.channel.stream_unary(PREDICT)
    requests = [Held(single().SerializeToString()) for _ in range(8)]
    late = [call.future(iter(request)) for request in requests]
    eventually(lambda: assert_in_flight(server, 8), within_s=_SOON_S)
    assert server.stub.Predict(single(), timeout=_SOON_S).prediction_id
    for request in requests:
        request.let_go.set()
    answers = [pb.PredictResponse.FromString(one.result(_SOON_S)) for one in late]
    assert len({answer.prediction_id for answer in answers}) == 8
    # And the threads that were lent for them are no trouble when they leave.
    for _ in range(20):
        assert server.stub.Predict(single(), timeout=_SOON_S).prediction_id
    eventually(lambda: assert_in_flight(server, 0), within_s=_SOON_S)


def test_calls_that_send_nothing_do_not_hold_up_the_stop(
    start_server: StartServer, model_file: ModelFile, stall: Stall
) -> None:
    server = start_server(model_file, **_LONG, **METERED)
    stalled = stall(server, PREDICT, 16)
    eventually(lambda: assert_in_flight(server, 16), within_s=_SOON_S)
    server.ask_to_stop()
    assert server.process.wait(15) == 0  # the limit for running calls is 20 s
    assert all(call.exception(_SOON_S) for call in stalled)


@pytest.mark.parametrize("method", [CHECK, WATCH])
def test_health_answers_beside_askers_that_send_nothing(
    method: str, start_server: StartServer, model_file: ModelFile, stall: Stall
) -> None:
    server = start_server(model_file, **_LONG)
    stalled = stall(server, method, 8)
    for _ in range(8):
        is_well(server)
    watch = server.health.Watch(health_pb2.HealthCheckRequest(), timeout=_SOON_S)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    assert not any(call.done() for call in stalled)


def test_a_health_check_that_sends_nothing_is_ended(
    start_server: StartServer, model_file: ModelFile, stall: Stall
) -> None:
    server = start_server(model_file, **_SHORT)
    assert {said(call)[0] for call in stall(server, CHECK, 3)} == {"INVALID_ARGUMENT"}
    is_well(server)


def test_idle_reflection_shuts_nobody_out(
    start_server: StartServer, model_file: ModelFile, stall: Stall
) -> None:
    server = start_server(model_file, **_LONG)
    streams = stall(server, REFLECT, 1400)
    refused = ("RESOURCE_EXHAUSTED", "too many calls of this kind are open; end some")

    def all_but_sixteen_are_refused() -> None:
        assert sum(stream.done() for stream in streams) == 1384

    eventually(all_but_sixteen_are_refused, within_s=_SOON_S)
    assert {said(stream) for stream in streams if stream.done()} == {refused}
    is_well(server)
    assert server.stub.Predict(single(), timeout=_SOON_S).prediction_id
    for stream in streams:
        stream.cancel()
    database = ProtoReflectionDescriptorDatabase(server.channel)
    eventually(lambda: _assert_reflects(database), within_s=_SOON_S)


def test_watches_are_bounded_and_may_end_all_at_once(server: ServerProcess) -> None:
    request = health_pb2.HealthCheckRequest()
    watches = [server.health.Watch(request) for _ in range(600)]

    def the_others_are_refused() -> None:
        assert sum(watch.done() for watch in watches) == 88

    eventually(the_others_are_refused, within_s=_SOON_S)
    is_well(server)
    assert server.stub.Predict(single(), timeout=_SOON_S).prediction_id
    for watch in watches:
        watch.cancel()

    def there_is_room_again() -> None:
        watch = server.health.Watch(request, timeout=_SOON_S)
        try:
            assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        except grpc.RpcError as error:
            raise AssertionError(error) from error
        watch.cancel()

    eventually(there_is_room_again, within_s=_SOON_S)
    is_well(server)


def _assert_reflects(database: ProtoReflectionDescriptorDatabase) -> None:
    try:
        assert "grpc.health.v1.Health" in database.get_services()
    except grpc.RpcError as error:
        raise AssertionError(error) from error
