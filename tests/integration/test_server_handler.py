"""What a call leaves behind that failed, was not wanted, or met another model on its way."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

from tests.counting import eventually
from tests.fix_served import Serve, Served
from weighbridge_server.inference import Call, Serving, Slot
from weighbridge_server.metrics import Metrics
from weighbridge_server.transport import GrpcServer
from weighbridge_server.transport._adapter import Method
from weighbridge_server.transport._threads import CallThreads

_SERVICE = "logistics.delay.v1.DelayService"  # any that reflection knows
_SOON_S = 30
_DEADLINE_S = 3.0


@dataclass
class OneMethod:
    """A service of one logged method, which a test gives."""

    ask: Method
    service = _SERVICE
    logged = frozenset({"Ask"})

    def fits(self, _: Serving) -> bool:
        return True

    @property
    def methods(self) -> Mapping[str, Method]:
        return {"Ask": self.ask}


@dataclass
class Running:
    """A server of one method, with one thread."""

    ask: Any
    health: Any
    metrics: Metrics

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"weighbridge_server_{name}", labels) or 0


@contextmanager
def serving(slot: Slot, method: Method) -> Iterator[Running]:
    metrics = Metrics()
    server = GrpcServer(
        slot,
        [OneMethod(method)],
        metrics,
        listen="127.0.0.1:0",
        threads=1,
        max_calls=100,
        message_limit_s=_SOON_S,
        salt=None,
    )
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield Running(channel.unary_unary(f"/{_SERVICE}/Ask"), HealthStub(channel), metrics)
    assert server.stop(_SOON_S) == 0


class Held:
    """A method whose first call goes on until it is released."""

    def __init__(self) -> None:
        self.calls = 0
        self.release = threading.Event()

    def __call__(self, _: bytes, __: Call, ___: Serving) -> bytes:
        self.calls += 1
        assert self.release.wait(_SOON_S)
        return b"well"


def outcome(call: Any) -> str:
    error = call.exception(_SOON_S)
    return "OK" if error is None else str(error.code().name)


@pytest.fixture
def served(serve: Serve, model_bytes: bytes) -> Served:
    return serve(model_bytes)


def test_a_failed_call_names_the_model_that_it_began_with(
    served: Served, serve: Serve, model_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    other = serve(model_bytes, version="8")
    slot = Slot(served.serving)

    def fail(_: bytes, __: Call, ___: Serving) -> bytes:
        slot.current = other.serving
        raise RuntimeError("while the model was replaced")

    with serving(slot, fail) as server, pytest.raises(grpc.RpcError):
        server.ask(b"", timeout=_SOON_S)
    assert [(row.model_version, row.status_code) for row in served.rows] == [("7", "INTERNAL")]
    assert other.rows == []
    (record,) = [one for one in caplog.records if one.getMessage() == "a call failed"]
    assert record.__dict__["version"] == "7"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), MemoryError()])
def test_no_error_of_a_method_ends_the_thread(served: Served, error: BaseException) -> None:
    errors = iter([error])

    def fail_once(_: bytes, __: Call, ___: Serving) -> bytes:
        for one in errors:
            raise one
        return b"well"

    with serving(Slot(served.serving), fail_once) as server:
        with pytest.raises(grpc.RpcError) as caught:
            server.ask(b"", timeout=_SOON_S)
        assert caught.value.code() is grpc.StatusCode.INTERNAL
        assert server.ask(b"", timeout=_SOON_S) == b"well"
    assert [row.status_code for row in served.rows] == ["INTERNAL"]


def test_a_call_whose_deadline_passed_while_it_waited_is_not_worked_on(served: Served) -> None:
    held = Held()
    with serving(Slot(served.serving), held) as server:
        first = server.ask.future(b"", timeout=_SOON_S)
        late = [server.ask.future(b"", timeout=_DEADLINE_S) for _ in range(20)]
        eventually(lambda: assert_in_flight(server, 21), within_s=_DEADLINE_S)
        over_s = time.monotonic() + _DEADLINE_S
        assert [outcome(call) for call in late] == ["DEADLINE_EXCEEDED"] * 20
        assert not first.done()
        # At the server a deadline counts from the arrival; before it passes a caller just left.
        time.sleep(max(0.0, over_s - time.monotonic()))
        held.release.set()
        assert outcome(first) == "OK"
        expired = assert_expired(server, "DEADLINE_EXCEEDED", 21, held)
    assert [row.status_code for row in served.rows] == ["DEADLINE_EXCEEDED"] * expired
    assert [row.score for row in served.rows] == [None] * expired


def test_a_call_whose_caller_left_while_it_waited_is_not_worked_on(served: Served) -> None:
    held = Held()
    with serving(Slot(served.serving), held) as server:
        first = server.ask.future(b"", timeout=_SOON_S)
        eventually(lambda: assert_in_flight(server, 1), within_s=_SOON_S)
        left = [server.ask.future(b"", timeout=_SOON_S) for _ in range(10)]
        eventually(lambda: assert_in_flight(server, 11), within_s=_SOON_S)
        for call in left:
            call.cancel()
        # Their connection keeps its order: with this answered, the server knows of all of them.
        server.health.Check(health_pb2.HealthCheckRequest(), timeout=_SOON_S)
        assert not first.done()
        held.release.set()
        assert outcome(first) == "OK"
        expired = assert_expired(server, "CANCELLED", 11, held)
    assert [row.status_code for row in served.rows] == ["CANCELLED"] * expired


def assert_in_flight(server: Running, calls: int) -> None:
    assert server.metric("calls_in_flight") == calls


def assert_expired(server: Running, code: str, calls: int, held: Held) -> int:
    """All calls have ended, and all expired that were not begun; return how many those are.

    More than one is begun where a thread was lent, as a message was slow to come.
    """
    eventually(lambda: assert_in_flight(server, 0), within_s=_SOON_S)
    expired = calls - held.calls
    assert expired > calls // 2
    assert server.metric("calls_total", method="Ask", code="OK") == held.calls
    assert server.metric("calls_total", method="Ask", code=code) == expired
    assert server.metric("calls_expired_total") == expired
    return expired


def test_a_thread_outlives_what_fails_in_it(caplog: pytest.LogCaptureFixture) -> None:
    threads = CallThreads(1, "call")
    done: list[str] = []

    def fail(error: BaseException) -> None:
        raise error

    for error in (SystemExit(3), MemoryError(), ValueError("x")):
        threads.submit(fail, error).add_done_callback(lambda _: done.append("ended"))
    threads.submit(done.append, "answered")
    assert threads.wait(_SOON_S) == 0
    assert done == ["ended", "ended", "ended", "answered"]
    assert [one.levelno for one in caplog.records] == [logging.ERROR] * 3
