"""An Envoy that is to end sends its clients elsewhere first, and no call is lost."""

from __future__ import annotations

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
import pytest

from logistics.delay.v1.delay_service_pb2_grpc import DelayServiceStub
from tests.counting import eventually
from tests.ingress import Ingress, call, keep_calling, new_ingress
from tests.relay import Relay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fix_ports import HeldPorts

PREDICT = "cluster.v6.grpc.logistics_delay_v1_DelayService.Predict.total"


def drain(ingress: Ingress, limit_s: int, quiet_s: int = 1) -> tuple[str, float]:
    """Run the hook as the kubelet would; return what it says and how long it took."""
    began = time.monotonic()
    done = subprocess.run(
        ["bash", ingress.project / "envoy" / "prestop.sh", str(limit_s), str(quiet_s)],
        env={**os.environ, "WEIGHBRIDGE_ADMIN_PORT": str(ingress.ports["admin"])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout, time.monotonic() - began


@pytest.fixture
def two(tmp_path: Path, project: Path) -> Iterator[list[Ingress]]:
    """Two Envoys, each with all that it needs."""
    ingresses = [new_ingress(tmp_path / name, project) for name in ("old", "new")]
    try:
        for ingress in ingresses:
            ingress.start("v6", "v7", "agent", "envoy")
            ingress.set_traffic("10")
            ingress.wait_until_healthy()
        yield ingresses
    finally:
        for ingress in ingresses:
            ingress.stop_all()


def test_an_envoy_that_is_replaced_under_load_loses_no_call(
    two: list[Ingress], held_ports: HeldPorts
) -> None:
    old, new = two
    port = held_ports()
    service = Relay(port, old.ports["data"])
    with ThreadPoolExecutor(1) as background:
        load = background.submit(keep_calling, old, 8, 150, f"127.0.0.1:{port}")
        eventually(lambda: _has_answered(old, 100), within_s=10)
        service.target = new.ports["data"]  # as the Service does for a pod that is to end
        said, took_s = drain(old, limit_s=20)
        old.stop("envoy")
        answers = load.result()
    service.hang_up()
    assert said.startswith("nobody is connected")
    assert took_s < 6
    assert len(answers) == 1200
    failed = [answer for answer in answers if answer.code is not grpc.StatusCode.OK]
    assert not failed, failed[:3]
    assert new.counter(PREDICT) > 100


def test_what_a_drain_waits_for(own_ingress: Ingress) -> None:
    said, _ = drain(own_ingress, limit_s=5)
    assert said.startswith(f"no admin on port {own_ingress.ports['admin']}: Envoy does not run")
    own_ingress.start("v6", "v7", "agent", "envoy")
    own_ingress.set_traffic("0")
    own_ingress.wait_until_healthy()
    with grpc.insecure_channel(own_ingress.target) as channel, ThreadPoolExecutor(1) as background:
        stub = DelayServiceStub(channel)
        assert call(stub, (), "Truck_1").code is grpc.StatusCode.OK
        said, took_s = drain(own_ingress, limit_s=20)
        assert said.startswith("nobody calls (1 idle connections) after 3")
        slow = background.submit(call, stub, (), "slow 6")
        eventually(lambda: _is_called(own_ingress), within_s=5)
        said, _ = drain(own_ingress, limit_s=1)
        assert said.startswith("the limit is over (1 calls on 1 connections)")
        said, took_s = drain(own_ingress, limit_s=20)
        assert said.startswith("nobody is connected")
        assert 2 < took_s < 9
        assert slow.result().code is grpc.StatusCode.OK
        # Not ready, but at work: who comes all the same is served.
        assert own_ingress.http("/v1/model")[0] == 200
    said, took_s = drain(own_ingress, limit_s=20)
    assert took_s < 4


def _has_answered(ingress: Ingress, calls: int) -> None:
    assert ingress.counter(PREDICT) >= calls


def _is_called(ingress: Ingress) -> None:
    assert ingress.counter("http.ingress.downstream_rq_active") == 1
