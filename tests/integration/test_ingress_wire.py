"""What else may come in at the data port: JSON, gRPC-Web, health, reflection, large batches."""

from __future__ import annotations

import http.client
import json
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from logistics.delay.v1 import delay_service_pb2 as pb
from logistics.delay.v1.delay_service_pb2_grpc import DelayServiceStub
from logistics.delay.v1.shipment_pb2 import Shipment, ShipmentColumns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ingress import Ingress

CONSOLE = "http://127.0.0.1:8090"
_UNLIMITED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


@pytest.fixture
def channel(ingress: Ingress) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(ingress.target, options=_UNLIMITED) as channel:
        yield channel


def test_json(ingress: Ingress) -> None:
    status, headers, body = ingress.http("/v1/delay:predict", {"shipment": {"asset_id": "a"}})
    answer = json.loads(body)
    assert status == 200
    assert f"v{answer['model']['version']}" == headers["x-served-by-version"]
    assert json.loads(answer["prediction_id"])["x-route"] == "weight"
    assert headers["x-request-id"]
    assert ingress.http("/v1/model")[0] == 200


def test_json_errors_carry_their_details(ingress: Ingress) -> None:
    status, headers, body = ingress.http("/v1/delay:predict", {"shipment": {"asset_id": "refused"}})
    answer = json.loads(body)
    assert (status, answer["code"]) == (400, 3)
    assert answer["details"][0]["field_violations"][0]["field"] == "asset_id"
    assert headers["x-served-by-version"] == headers["x-routed-version"] in {"v6", "v7"}
    assert ingress.http("/v1/delay:predict", {"shipment": []})[0] == 400


def test_grpc_web(ingress: Ingress) -> None:
    request = pb.PredictRequest().SerializeToString()
    frame = b"\0" + struct.pack(">I", len(request)) + request
    headers = {"content-type": "application/grpc-web+proto", "x-grpc-web": "1", "origin": CONSOLE}
    counted = r"cluster\.v[67]\.grpc\.logistics_delay_v1_DelayService\.Predict\.total"
    before = ingress.counter(counted)
    with closing(http.client.HTTPConnection(ingress.target, timeout=10)) as connection:
        connection.request("POST", "/logistics.delay.v1.DelayService/Predict", frame, headers)
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == CONSOLE
        assert b"grpc-status:0" in answer.read()
    assert ingress.counter(counted) == before + 1  # as the agent counts it


@pytest.mark.parametrize(("origin", "allowed"), [(CONSOLE, CONSOLE), ("http://evil.example", None)])
@pytest.mark.parametrize("path", ["/v1/delay:predict", "/logistics.delay.v1.DelayService/Predict"])
def test_cors_is_for_listed_origins(
    path: str, origin: str, allowed: str | None, ingress: Ingress
) -> None:
    connection = http.client.HTTPConnection(ingress.target, timeout=10)
    headers = {"origin": origin, "access-control-request-method": "POST"}
    with closing(connection):
        connection.request("OPTIONS", path, headers=headers)
        assert connection.getresponse().headers["access-control-allow-origin"] == allowed
    body = {"shipment": {"asset_id": "Truck_1"}}
    _, answered, _ = ingress.http("/v1/delay:predict", body, {"origin": origin})
    assert answered.get("access-control-allow-origin") == allowed


def test_health_and_reflection(ingress: Ingress, channel: grpc.Channel) -> None:
    ingress.set_traffic("10")
    health: Any = health_pb2_grpc.HealthStub(channel)  # its types name no method
    request = health_pb2.HealthCheckRequest(service="logistics.delay.v1.DelayService")
    serving = health_pb2.HealthCheckResponse.SERVING
    assert health.Check(request, timeout=5).status == serving
    watch = health.Watch(request, timeout=5)
    assert next(watch).status == serving
    watch.cancel()

    answered = Event()

    def ask_and_stay() -> Iterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")
        answered.wait(timeout=5)

    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    answers = stub.ServerReflectionInfo(ask_and_stay(), timeout=5)
    services = {service.name for service in next(answers).list_services_response.service}
    answered.set()
    assert "logistics.delay.v1.DelayService" in services


def test_a_full_batch_passes_and_a_larger_one_is_refused(channel: grpc.Channel) -> None:
    stub = DelayServiceStub(channel)
    rows = 65_536
    full = ShipmentColumns(asset_id=["T" * 64] * rows, latitude_deg=[1.5] * rows)
    for name in ("longitude_deg", "inventory_level", "temperature_celsius", "humidity_percent"):
        getattr(full, name).extend([1.5] * rows)
    assert full.ByteSize() > 6_000_000
    answer = stub.PredictBatch(pb.PredictBatchRequest(shipments=full), timeout=20)
    assert len(answer.probabilities) == rows

    too_large = ShipmentColumns(asset_id=["T" * 64] * (4 * rows))
    with pytest.raises(grpc.RpcError) as refused:
        stub.PredictBatch(pb.PredictBatchRequest(shipments=too_large), timeout=20)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def _answered(channel: grpc.Channel, seconds: float, timeout_s: float | None) -> float:
    """Ask for an answer after so many seconds; raise RpcError, or tell how long it took."""
    stub, began = DelayServiceStub(channel), time.monotonic()
    shipment = Shipment(asset_id=f"slow {seconds}")
    stub.Predict(pb.PredictRequest(shipment=shipment), timeout=timeout_s)
    return time.monotonic() - began


def test_a_caller_who_gives_more_time_gets_it_and_one_who_gives_none_gets_ten_seconds(
    ingress: Ingress, channel: grpc.Channel
) -> None:
    body = {"shipment": {"asset_id": "slow 11.5"}}
    with ThreadPoolExecutor(4) as pool:
        patient = pool.submit(_answered, channel, 11.5, 20)
        silent = pool.submit(_answered, channel, 11.5, None)
        hasty = pool.submit(_answered, channel, 2, 0.5)
        plain = pool.submit(ingress.http, "/v1/delay:predict", body, timeout_s=20)
        assert patient.result() > 11
        for refused in (silent, hasty):
            error = refused.exception()
            assert isinstance(error, grpc.RpcError)
            assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert plain.result()[0] == 504


def test_every_method_is_routed_and_no_other(ingress: Ingress, channel: grpc.Channel) -> None:
    def code(path: str) -> grpc.StatusCode:
        call: Any = channel.unary_unary(path)
        try:
            call(b"", timeout=5)
        except grpc.RpcError as error:
            status: grpc.StatusCode = error.code()
            return status
        return grpc.StatusCode.OK

    service = pb.DESCRIPTOR.services_by_name["DelayService"]
    for method in service.methods:
        assert code(f"/{service.full_name}/{method.name}") is grpc.StatusCode.OK
    assert code(f"/{service.full_name}/Invented") is grpc.StatusCode.UNIMPLEMENTED
    assert code("/invented.Service/Predict") is grpc.StatusCode.UNIMPLEMENTED
    assert ingress.http("/invented")[0] == 404
    names = [
        stat["name"]
        for stat in ingress.admin_get("/stats?format=json&filter=nvented")["stats"]
        if "name" in stat
    ]
    assert not names


def test_the_probe_port_shows_readiness_and_metrics_only(ingress: Ingress) -> None:
    def status(method: str, path: str) -> int:
        place = f"127.0.0.1:{ingress.ports['probe']}"
        with closing(http.client.HTTPConnection(place, timeout=10)) as connection:
            connection.request(method, path)
            return connection.getresponse().status

    assert status("GET", "/ready") == 200
    assert status("GET", "/stats/prometheus") == 200
    assert status("GET", "/config_dump") == 404
    assert status("POST", "/quitquitquit") == 404
    assert ingress.http("/ready")[2] == b"ready\n"
