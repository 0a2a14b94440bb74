"""Calls that fail, and calls that a retry saves, against a real server on 127.0.0.1."""
# ruff: noqa: N802  # method names are the proto's

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import (  # type: ignore[import-untyped]  # no py.typed
    BadRequest,
    ErrorInfo,
    RetryInfo,
)

from weighbridge import (
    CallError,
    Client,
    ClientClosed,
    DeadlineExceeded,
    FieldViolation,
    Internal,
    InvalidArgument,
    ResourceExhausted,
    Retry,
    Shipment,
    Unavailable,
    Unimplemented,
)
from weighbridge.testing import FakeServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from logistics.delay.v1 import delay_service_pb2 as service_pb2

QUICK = Retry(initial_s=0.01, cap_s=0.02)


@pytest.fixture
def client(fake_server: FakeServer) -> Iterator[Client]:
    with Client(fake_server.target, retry=QUICK) as client:
        yield client


def test_unavailable_twice_is_one_call(
    fake_server: FakeServer, client: Client, shipment: Shipment
) -> None:
    fake_server.fail(grpc.StatusCode.UNAVAILABLE, times=2)
    assert client.predict(shipment).attempts == 3
    assert [sent["x-attempt"] for sent in fake_server.metadata] == ["1", "2", "3"]
    assert len({sent["x-idempotency-key"] for sent in fake_server.metadata}) == 1


def test_the_last_attempt_s_error_is_told(
    fake_server: FakeServer, client: Client, shipment: Shipment
) -> None:
    fake_server.fail(grpc.StatusCode.UNAVAILABLE, "draining", times=9)
    with pytest.raises(Unavailable, match="draining") as failed:
        client.predict(shipment)
    error = failed.value
    assert error.code is grpc.StatusCode.UNAVAILABLE
    assert error.retryable
    assert error.attempts == len(fake_server.metadata) == 6
    assert (error.served_version, error.traffic_revision) == ("v7", "fake")
    assert error.request_id
    assert isinstance(error.__cause__, grpc.RpcError)


def test_one_call_may_be_made_without_retries(
    fake_server: FakeServer, client: Client, shipment: Shipment
) -> None:
    fake_server.fail(grpc.StatusCode.UNAVAILABLE)
    with pytest.raises(Unavailable):
        client.predict(shipment, retry=Retry(max_attempts=1))


def test_violations_are_read(fake_server: FakeServer, client: Client, shipment: Shipment) -> None:
    found = BadRequest.FieldViolation(field="shipment.latitude_deg", description="at most 90")
    fake_server.fail(
        grpc.StatusCode.INVALID_ARGUMENT,
        "bad input",
        ErrorInfo(reason="FIELD_RULES", domain="weighbridge"),
        BadRequest(field_violations=[found]),
    )
    with pytest.raises(InvalidArgument, match=r"shipment\.latitude_deg: at most 90") as failed:
        client.predict(shipment)
    assert failed.value.violations == (FieldViolation("shipment.latitude_deg", "at most 90"),)
    assert failed.value.reason == "FIELD_RULES"
    assert not failed.value.retryable
    assert failed.value.attempts == 1


def test_exhausted_is_repeated_only_on_the_server_s_word(
    fake_server: FakeServer, client: Client, shipment: Shipment
) -> None:
    fake_server.fail(grpc.StatusCode.RESOURCE_EXHAUSTED, "too large")
    with pytest.raises(ResourceExhausted) as failed:
        client.predict(shipment)
    assert not failed.value.retryable
    delay = Duration(nanos=200_000_000)
    fake_server.fail(grpc.StatusCode.RESOURCE_EXHAUSTED, "", RetryInfo(retry_delay=delay))
    started_s = time.monotonic()
    assert client.predict(shipment).attempts == 2
    assert time.monotonic() - started_s >= 0.2


def test_no_wait_that_outlives_the_call(
    fake_server: FakeServer, client: Client, shipment: Shipment
) -> None:
    delay = RetryInfo(retry_delay=Duration(seconds=3600))
    fake_server.fail(grpc.StatusCode.UNAVAILABLE, "in an hour", delay)
    with pytest.raises(Unavailable) as failed:
        client.predict(shipment)
    assert failed.value.retry_after_s == 3600
    assert failed.value.attempts == 1


def test_facts_of_a_refusal_come_from_its_trailers(shipment: Shipment) -> None:
    class Refuses(FakeServer):
        def Predict(
            self, request: service_pb2.PredictRequest, context: grpc.ServicerContext
        ) -> service_pb2.PredictResponse:
            context.set_trailing_metadata((("x-served-by-version", "v6"), ("x-request-id", "r1")))
            context.abort(grpc.StatusCode.INTERNAL, "broken")

    with (
        Refuses() as server,
        Client(server.target) as client,
        pytest.raises(Internal) as failed,
    ):
        client.predict(shipment)
    assert (failed.value.served_version, failed.value.request_id) == ("v6", "r1")


def test_unreadable_details_do_not_hide_the_failure() -> None:
    class Garbles(FakeServer):
        def GetModel(
            self, request: service_pb2.GetModelRequest, context: grpc.ServicerContext
        ) -> service_pb2.GetModelResponse:
            context.set_trailing_metadata((("grpc-status-details-bin", b"\xff\xff"),))
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "bad input")

    with (
        Garbles() as server,
        Client(server.target) as client,
        pytest.raises(InvalidArgument, match="bad input"),
    ):
        client.model()


def test_method_the_server_does_not_know() -> None:
    server = grpc.server(ThreadPoolExecutor(max_workers=1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with Client(f"127.0.0.1:{port}") as client, pytest.raises(Unimplemented):
        client.model()
    server.stop(grace=None).wait()


class FrozenOnce(FakeServer):
    """Holds its first call until it is thawed."""

    def __init__(self) -> None:
        super().__init__()
        self.thawed = threading.Event()
        self.reached = threading.Event()

    def GetModel(
        self, request: service_pb2.GetModelRequest, context: grpc.ServicerContext
    ) -> service_pb2.GetModelResponse:
        if not self.reached.is_set():
            self.reached.set()
            self.thawed.wait(30)
        return super().GetModel(request, context)


@pytest.fixture
def frozen() -> Iterator[FrozenOnce]:
    with FrozenOnce() as server:
        yield server
        server.thawed.set()


def test_deadline(frozen: FrozenOnce, shipment: Shipment) -> None:
    with Client(frozen.target, timeout_s=60.0) as client:
        client.predict(shipment)
        started_s = time.monotonic()
        with pytest.raises(DeadlineExceeded) as failed:
            client.model(timeout_s=0.2)
    assert 0.2 <= time.monotonic() - started_s < 5.0
    assert failed.value.attempts == 1
    assert "Nothing was heard" not in str(failed.value)
    assert "up to 60 s" in str(failed.value)  # asking for more is in vain


def test_an_attempt_that_hangs_is_repeated(frozen: FrozenOnce) -> None:
    with Client(frozen.target, retry=Retry(attempt_timeout_s=0.3, initial_s=0.0)) as client:
        assert client.model(timeout_s=30.0).attempts >= 2


def test_closing_ends_a_call_under_way(frozen: FrozenOnce) -> None:
    client = Client(frozen.target)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.model, timeout_s=None)
        assert frozen.reached.wait(10)
        client.close()
        error = call.exception(timeout=10)
    assert isinstance(error, CallError | ClientClosed)


def test_closed_client_says_so(fake_server: FakeServer, shipment: Shipment) -> None:
    client = Client(fake_server.target)
    view = client.pinned("v7", token="t")
    client.close()
    client.close()
    for closed in (client, view):
        with pytest.raises(ClientClosed, match="make a new one"):
            closed.predict(shipment)


def test_closing_ends_a_waiting_retry(fake_server: FakeServer) -> None:
    delay = RetryInfo(retry_delay=Duration(seconds=60))
    fake_server.fail(grpc.StatusCode.UNAVAILABLE, "later", delay)
    client = Client(fake_server.target, timeout_s=None)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.model)
        while not fake_server.metadata:
            time.sleep(0.01)
        client.close()
        assert isinstance(call.exception(timeout=10), ClientClosed | CallError)


def test_first_call_waits_for_a_server_that_is_starting(shipment: Shipment) -> None:
    server = FakeServer()
    with server:
        pass  # the port is known from here on, and nothing listens on it
    with Client(server.target, timeout_s=30.0) as client, ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.predict, shipment)
        with pytest.raises(TimeoutError):
            call.result(timeout=0.3)
        with server:
            assert call.result(timeout=30).attempts == 1


def test_nobody_there_is_told_from_slow(fake_server: FakeServer, shipment: Shipment) -> None:
    fake_server.stop()
    with (
        Client(fake_server.target, timeout_s=0.3) as client,
        pytest.raises(
            DeadlineExceeded, match=f"Nothing was heard from dns:///{fake_server.target}"
        ),
    ):
        client.predict(shipment)


def test_without_a_limit_an_absent_server_fails_at_once(shipment: Shipment) -> None:
    with FakeServer() as server:
        pass
    with (
        Client(server.target, timeout_s=None, retry=QUICK) as client,
        pytest.raises(Unavailable) as failed,
    ):
        client.predict(shipment)
    assert failed.value.attempts == 6


def test_client_outlives_its_server(fake_server: FakeServer, shipment: Shipment) -> None:
    with Client(fake_server.target, timeout_s=30.0) as client:
        client.predict(shipment)
        for _ in range(2):
            fake_server.stop()
            fake_server.start()
            assert client.predict(shipment).probability == 0.7
    assert len(fake_server.shipments) == 3
