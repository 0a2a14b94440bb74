"""The agent of a pod whose API server is away: the mounted ConfigMap counts until it is heard."""

from __future__ import annotations

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.counting import eventually
from tests.mounted import Mounted, split, write_kubeconfig
from tests.ports import held_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.ingress import Ingress

NAME = "configmap/shipping/traffic"


@pytest.fixture
def mounted(tmp_path: Path) -> Mounted:
    return Mounted(tmp_path / "mount")


def cut_off(ingress: Ingress, mounted: Mounted, port: int) -> None:
    """Let the agent look for its API server at a port of this machine."""
    cluster = {"server": f"https://127.0.0.1:{port}"}
    kubeconfig = write_kubeconfig(ingress.home / "kubeconfig", cluster, "token", "shipping")
    ingress.follow_configmap(mounted.folder, kubeconfig)


@pytest.fixture
def pod(own_ingress: Ingress, mounted: Mounted) -> Iterator[Ingress]:
    """An ingress whose agent is refused by the API server's address."""
    with held_port() as nobody:
        cut_off(own_ingress, mounted, nobody)
        yield own_ingress


def test_a_pod_starts_by_its_mounted_copy_and_follows_it(pod: Ingress, mounted: Mounted) -> None:
    mounted.write(split("12.5", **{"shadow-percent": "5"}))
    pod.start("v6", "v7", "agent", "envoy")
    report = pod.wait_for(lambda r: r.in_step, within_s=20)
    assert report.wanted
    assert report.running
    assert report.wanted.source == f"{NAME}@mount-{report.wanted.revision}"
    assert (report.running.weights, report.running.shadow_permille) == ({"v6": 875, "v7": 125}, 50)
    assert report.error
    assert report.error.startswith("ConfigMap shipping/traffic is not watched since 20")
    assert "Connection refused" in report.error
    assert report.error.endswith("; its mounted copy counts meanwhile")
    mounted.write(split("20"))
    pod.wait_for(lambda r: r.running and r.in_step and r.running.weights["v7"] == 200)


def test_a_refused_copy_is_told_by_the_line_of_a_traffic_file(
    pod: Ingress, mounted: Mounted
) -> None:
    mounted.write(split("10"))
    pod.start("agent")
    pod.wait_for(lambda r: r.wanted, within_s=20)
    mounted.write({**split("101", stable="1e3"), "extra": "two\nlines", "yes": "#"})
    report = pod.wait_for(lambda r: r.refused)
    assert report.refused
    stable, percent, *unknown = report.refused.problems
    assert stable == f'{NAME}:6: stable: must be a version such as "v7", not "1e3"'
    assert percent.startswith(f"{NAME}:8: canary-percent: must be")
    assert [one.partition(" is no key")[0] for one in unknown] == [
        f"{NAME}:10: unknown-key: extra",
        f"{NAME}:11: unknown-key: yes",
    ]
    assert report.wanted
    assert report.wanted.traffic == split("10")
    mounted.write({})  # as the kubelet mounts an optional ConfigMap that is gone
    report = pod.wait_for(lambda r: r.refused and r.refused.source == f"{NAME}@absent")
    assert report.refused
    said = f"{NAME}:1: missing-file: there is no ConfigMap traffic in namespace shipping"
    assert report.refused.problems[0].startswith(said)


def test_a_state_is_never_read_half(pod: Ingress, mounted: Mounted) -> None:
    there, back = split("10"), split("90", stable="v7", canary="v6")
    mounted.write(there)
    pod.settings["WEIGHBRIDGE_POLL_INTERVAL_S"] = "0.001"
    pod.start("agent")
    pod.wait_for(lambda r: r.wanted, within_s=20)
    end = time.monotonic() + 3
    while time.monotonic() < end:
        mounted.write(back)
        mounted.write(there)
    log = (pod.home / "agent.log").read_text()
    assert log.count("accepted") > 20
    assert "refused configmap" not in log


def test_a_folder_that_is_no_mount_is_told(pod: Ingress) -> None:
    pod.start("agent")
    report = pod.wait_for(lambda r: r.error and "without subPath" in r.error, within_s=20)
    assert (report.wanted, report.refused) == (None, None)
    pod.start("v6", "v7", "envoy")
    report = pod.wait_for(lambda r: r.running is not None)
    assert report.running
    assert report.running.weights == {"v6": 1000, "v7": 0}


def test_a_silent_api_server_holds_up_no_start(own_ingress: Ingress, mounted: Mounted) -> None:
    mounted.write(split("30"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cut_off(own_ingress, mounted, silent.getsockname()[1])
        own_ingress.start("agent")
        eventually(own_ingress.report, within_s=20)
        report = own_ingress.wait_for(lambda r: r.wanted, within_s=3)
        assert report.wanted
        assert report.wanted.traffic["canary-percent"] == "30"
        own_ingress.wait_for(lambda r: "has not answered yet" in (r.error or ""), within_s=3)
        own_ingress.wait_for(lambda r: "timed out" in (r.error or ""), within_s=10)
        began = time.monotonic()
        assert own_ingress.stop("agent") == 0
        assert time.monotonic() - began < 3


def test_an_answer_that_is_none_of_an_api_server_is_told(
    own_ingress: Ingress, mounted: Mounted
) -> None:
    mounted.write(split("30"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        cut_off(own_ingress, mounted, server.getsockname()[1])
        kubeconfig = own_ingress.home / "kubeconfig"
        kubeconfig.write_text(kubeconfig.read_text().replace("https:", "http:"))
        threading.Thread(target=_answer_badly, args=(server,), daemon=True).start()
        own_ingress.start("agent")
        report = own_ingress.wait_for(lambda r: "502" in (r.error or ""), within_s=20)
        assert report.wanted
        assert "Traceback" not in (own_ingress.home / "agent.log").read_text()
        server.shutdown(socket.SHUT_RDWR)


def test_a_watch_that_is_refused_is_tried_ever_less_often(
    own_ingress: Ingress, mounted: Mounted
) -> None:
    mounted.write(split("40"))
    server = ListOnly(split("10"))
    cut_off(own_ingress, mounted, server.server_port)
    kubeconfig = own_ingress.home / "kubeconfig"
    kubeconfig.write_text(kubeconfig.read_text().replace("https:", "http:"))
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        own_ingress.start("agent")
        report = own_ingress.wait_for(lambda r: "watch=true" in (r.error or ""), within_s=20)
        assert report.wanted
        assert report.wanted.source == f"{NAME}@4"
        since = report.error
        time.sleep(6)
        assert own_ingress.report().error == since
        assert 3 <= server.asked["watch"] <= 9
        assert abs(server.asked["list"] - server.asked["watch"]) <= 1

        server.granted.set()
        own_ingress.wait_for(lambda r: "not watched" not in (r.error or ""), within_s=8)
        time.sleep(1)
        assert "not watched" not in (own_ingress.report().error or "")
        own_ingress.stop("agent")
        server.ended.set()
        server.shutdown()


class ListOnly(ThreadingHTTPServer):
    """An API server that lists the ConfigMap, and grants a watch of it only later."""

    daemon_threads = True

    def __init__(self, data: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _ListOnlyHandler)
        self.data = data
        self.asked = {"list": 0, "watch": 0}
        self.granted = threading.Event()
        self.ended = threading.Event()


class _ListOnlyHandler(BaseHTTPRequestHandler):
    server: ListOnly

    def do_GET(self) -> None:
        watching = "watch=" in self.path
        self.server.asked["watch" if watching else "list"] += 1
        if not watching:
            configmap = {"metadata": {"name": "traffic", "resourceVersion": "4"}}
            items = [{**configmap, "data": self.server.data}]
            self._answer(200, {"metadata": {"resourceVersion": "5"}, "items": items})
        elif self.server.granted.is_set():
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.server.ended.wait(20)
        else:
            message = 'configmaps "traffic" is forbidden: cannot watch'
            self._answer(403, {"kind": "Status", "code": 403, "message": message})

    def _answer(self, code: int, body: dict[str, Any]) -> None:
        answer = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


def _answer_badly(server: socket.socket) -> None:
    try:
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
    except OSError:
        return
