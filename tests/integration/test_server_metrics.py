"""What a server tells Prometheus."""

import contextlib
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc_health.v1 import health_pb2

from logistics.delay.v1 import delay_service_pb2 as pb
from tests.fix_models import ModelFile
from tests.fix_server import METERED, ServerProcess, StartServer
from tests.shipments import GOOD, batch, single
from weighbridge_server.metrics import FAMILIES


@pytest.fixture
def metered(start_server: StartServer, model_file: ModelFile) -> ServerProcess:
    """A server of the common model with metrics."""
    return start_server(model_file, **METERED)


def refused(server: ServerProcess, request: pb.PredictRequest) -> None:
    with pytest.raises(grpc.RpcError):
        server.stub.Predict(request, timeout=10)


def test_every_metric_that_is_told_of_is_there_and_no_other(metered: ServerProcess) -> None:
    found = {
        (f"{name}_total" if family.type == "counter" else name, family.type)
        for name, family in metered.metrics.items()
        if not name.startswith("process_")
    }
    assert found == {(family.name, family.kind) for family in FAMILIES}


def test_calls_are_counted_by_method_and_code(metered: ServerProcess) -> None:
    for _ in range(5):
        metered.stub.Predict(single(), timeout=10)
    for _ in range(3):
        refused(metered, single(humidity_percent=101.0))
    metered.stub.GetModel(pb.GetModelRequest(), timeout=10)
    for _ in range(4):
        metered.health.Check(health_pb2.HealthCheckRequest(), timeout=10)
    assert metered.metric("calls_total", method="Predict", code="OK") == 5
    assert metered.metric("calls_total", method="Predict", code="INVALID_ARGUMENT") == 3
    assert metered.metric("calls_total", method="GetModel", code="OK") == 1
    assert metered.metric("calls_total") == 9
    assert metered.metric("call_duration_seconds_count", method="Predict") == 8
    assert metered.metric("call_duration_seconds_bucket", method="Predict", le="+Inf") == 8
    assert metered.metric("call_duration_seconds_sum", method="Predict") > 0
    assert metered.metric("calls_in_flight") == 0


def test_rows_of_batches_are_counted(metered: ServerProcess) -> None:
    rows = [GOOD, {**GOOD, "humidity_percent": 101.0}, GOOD]
    metered.stub.PredictBatch(batch(rows), timeout=10)
    assert metered.metric("batch_rows_total", method="PredictBatch", outcome="answered") == 2
    assert metered.metric("batch_rows_total", method="PredictBatch", outcome="failed") == 1


def test_the_serving_model_is_told(metered: ServerProcess, model_file: ModelFile) -> None:
    (info,) = metered.metrics["weighbridge_server_model_info"].samples
    assert info.value == 1
    assert info.labels == {
        "name": "LogisticsDelayModel",
        "version": "7",
        "digest": f"sha256:{model_file.sha256}",
        "alias": "",
        "mode": "pinned",
        "source": "store",
    }
    told = metered.stub.GetModel(pb.GetModelRequest(), timeout=10).model.loaded_time
    loaded = metered.metric("model_loaded_timestamp_seconds")
    assert loaded == pytest.approx(told.ToMicroseconds() / 1e6, abs=1e-3)
    assert metered.metric("model_loads_total", outcome="loaded") == 1
    assert metered.metric("model_load_failures_total") == 0


def test_the_spool_is_told(metered: ServerProcess) -> None:
    for _ in range(3):
        metered.stub.Predict(single(), timeout=10)
    metered.stub.PredictBatch(batch([GOOD] * 10), timeout=10)
    assert metered.metric("spool_rows_total") == len(metered.rows) == 14
    written = sum(path.stat().st_size for path in metered.spool_dir.iterdir())
    assert metered.metric("spool_bytes_total") == written
    assert metered.metric("spool_dropped_rows_total") == 0


def test_many_ask_while_calls_run(metered: ServerProcess) -> None:
    ended = threading.Event()

    def call_on() -> int:
        calls = 0
        while not ended.is_set():
            metered.stub.Predict(single(), timeout=10)
            calls += 1
        return calls

    def ask_on() -> list[float]:
        return [metered.metric("calls_total") for _ in range(10)]

    assert metered.target
    with ThreadPoolExecutor(6) as threads:
        callers = [threads.submit(call_on) for _ in range(2)]
        try:
            seen = [threads.submit(ask_on) for _ in range(4)]
            counts = [one.result(60) for one in seen]
        finally:
            ended.set()
        calls = sum(one.result(20) for one in callers)
    assert all(one == sorted(one) for one in counts)
    assert metered.metric("calls_total", method="Predict", code="OK") == calls
    assert metered.metric("call_duration_seconds_count") == calls


def test_without_an_address_there_are_none(server: ServerProcess) -> None:
    assert server.target
    assert "metrics served" not in server.messages


def test_an_address_of_no_machine_is_named(
    start_server: StartServer, model_file: ModelFile
) -> None:
    address = "no.such.host.invalid:9464"
    server = start_server(model_file, WEIGHBRIDGE_METRICS_LISTEN=address)
    assert server.process.wait(30) == 1
    assert server.records[-1]["kind"] == "ListenError"
    assert f"cannot listen on {address}: " in server.records[-1]["error"]
    assert "change WEIGHBRIDGE_METRICS_LISTEN" in server.records[-1]["error"]


def test_a_taken_port_is_named(start_server: StartServer, model_file: ModelFile) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        server = start_server(model_file, WEIGHBRIDGE_METRICS_LISTEN=address)
        assert server.process.wait(30) == 1
    assert f"cannot listen on {address}: " in server.records[-1]["error"]


def test_who_breaks_off_leaves_nothing_in_the_log(metered: ServerProcess) -> None:
    host, _, port = metered.metrics_url.removeprefix("http://").partition("/")[0].partition(":")
    before = metered.log
    for _ in range(20):
        with socket.create_connection((host, int(port))) as client:
            # Closed at once, with a reset: reading from it fails at the server.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(b"GET /metrics HTTP/1.1\r\n")
    # Connections are taken in their order: when this one is answered, those have their threads.
    assert metered.metric("calls_total") == 0
    assert metered.log == before


def test_who_scrapes_does_not_hold_up_the_stop(metered: ServerProcess) -> None:
    host, _, port = metered.metrics_url.removeprefix("http://").partition("/")[0].partition(":")
    with contextlib.closing(socket.create_connection((host, int(port)))) as idle:
        idle.sendall(b"GET /metrics HTTP/1.1\r\n")  # and no more of it
        metered.ask_to_stop()
        assert metered.process.wait(10) == 0
