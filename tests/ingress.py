"""A real Envoy with its agent, a traffic repository, and one echoing server per version."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

from logistics.delay.v1 import delay_service_pb2 as pb
from logistics.delay.v1.delay_service_pb2_grpc import DelayServiceStub
from logistics.delay.v1.shipment_pb2 import Shipment
from tests.counting import eventually
from tests.ports import held_port
from tests.traffic_commits import TrafficCommits, traffic_file
from weighbridge_ingress import Report, ReportError, envoy_binary, fetch_report, localize, tokens
from weighbridge_ingress.bootstrap import load_bootstrap, write_bootstrap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

VERSIONS = ("v6", "v7")
_BACKEND = Path(__file__).with_name("echo_backend.py")
FOLDER = "envoy/traffic/local"
_CARES = "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"
_DESCRIPTORS = "protos/logistics/delay/v1/descriptors.binpb"


@dataclass(frozen=True)
class Echoed:
    """One answer: what the server received, what the caller got back."""

    code: grpc.StatusCode
    message: str
    version: str | None
    received: Mapping[str, str]
    returned: Mapping[str, str]


@dataclass
class Ingress:
    """All parts of one ingress, each a process that a test may end and start."""

    home: Path
    project: Path
    commits: TrafficCommits
    ports: dict[str, int]
    traffic_repo: str
    template: Path
    held_ports: ExitStack
    settings: dict[str, str] = field(default_factory=dict)
    """Variables of the agent that differ from the usual ones; empty: as if not set."""
    pods: dict[str, str] = field(default_factory=dict)
    """The servers by name (v6, v7, v7-2): their addresses."""
    name_server: int | None = None
    """The port of who tells Envoy the servers of a version, as in a cluster; else it knows them."""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.ports['data']}"

    @property
    def url(self) -> str:
        return f"http://{self.target}"

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.ports['admin']}"

    @property
    def agent_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['report']}"

    @property
    def routes_file(self) -> Path:
        return self.home / "routes" / "routes.yaml"

    @property
    def key_file(self) -> Path:
        return self.home / tokens.KEY_FILE

    def start(self, *names: str) -> None:
        """Start parts by name: v6, v7, agent, envoy, and what else is in `pods`."""
        commands = {
            **{
                name: [sys.executable, str(_BACKEND), version_of(name), place]
                for name, place in self.pods.items()
            },
            "agent": [sys.executable, "-m", "weighbridge_ingress"],
            "envoy": self._envoy_command(),
        }
        for name in names:
            if name == "envoy":  # it does not start without the file
                eventually(self._routes_are_written, within_s=20)
            with (self.home / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    commands[name],
                    stdout=log,
                    stderr=log,
                    cwd=self.home,
                    env={**os.environ, **self._agent_settings()},
                )

    def stop(self, name: str, number: int = signal.SIGTERM) -> int:
        """End one part and return its exit code."""
        process = self.processes.pop(name)
        process.send_signal(number)
        return process.wait(timeout=20)

    def stop_all(self) -> None:
        for name in list(self.processes):
            self.stop(name, signal.SIGKILL)
        self.held_ports.close()

    def report(self) -> Report:
        try:
            return fetch_report(self.agent_url)
        except ReportError as error:
            raise AssertionError(str(error)) from error

    def follow_configmap(self, mount: Path, kubeconfig: Path) -> None:
        """Let the agent take its traffic from the ConfigMap `traffic`, not from Git."""
        self.settings |= {
            "WEIGHBRIDGE_TRAFFIC_REPO": "",
            "WEIGHBRIDGE_TRAFFIC_CONFIGMAP": "traffic",
            "WEIGHBRIDGE_TRAFFIC_MOUNT": str(mount),
            "KUBECONFIG": str(kubeconfig),
        }

    def healthz(self) -> tuple[int, str]:
        """Ask whether the agent is at work: status and words."""
        opener = urllib.request.build_opener(_KeepErrors)
        try:
            with opener.open(f"{self.agent_url}/healthz", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except OSError as error:
            raise AssertionError(str(error)) from error

    def wait_for(self, holds: Callable[[Report], object], within_s: float = 10) -> Report:
        """Wait until the agent's report is as it should be; return it."""

        def check() -> None:
            report = self.report()
            assert holds(report), report

        eventually(check, within_s)
        return self.report()

    def set_traffic(self, percent: str, shadow: str = "0") -> str:
        """Commit a split and wait until Envoy runs it; return the commit."""
        text = traffic_file(percent).replace('shadow-percent: "0"', f'shadow-percent: "{shadow}"')
        commit = self.commits.commit(text)
        eventually(lambda: self._in_step(commit), within_s=10)
        return commit

    def wait_until_healthy(self, *versions: str) -> None:
        """Wait until Envoy sends calls to these versions' own servers."""
        eventually(lambda: self._healthy(versions or VERSIONS), within_s=20)

    def predict(
        self,
        count: int = 1,
        *,
        metadata: Sequence[tuple[str, str]] = (),
        users: Sequence[str] = (),
        asset_id: str = "Truck_1",
    ) -> list[Echoed]:
        """Call Predict `count` times, or once for each user; eight at a time."""
        extra: list[tuple[tuple[str, str], ...]] = [(("x-user-id", user),) for user in users]
        extra = extra or [()] * count
        with grpc.insecure_channel(self.target) as channel, ThreadPoolExecutor(8) as pool:
            stub = DelayServiceStub(channel)
            return list(pool.map(lambda more: call(stub, (*metadata, *more), asset_id), extra))

    def http(
        self,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 10,
    ) -> tuple[int, dict[str, str], bytes]:
        """Make a plain HTTP call on the data port: status, headers, body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}{path}",
            data=data,
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        opener = urllib.request.build_opener(_KeepErrors)
        with opener.open(request, timeout=timeout_s) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()

    def admin_get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.admin}{path}", timeout=5) as answer:
            return json.load(answer)

    def counter(self, name: str) -> int:
        stats = self.admin_get(f"/stats?format=json&filter=^{name}$")["stats"]
        return sum(int(stat["value"]) for stat in stats if "value" in stat)

    def _routes_are_written(self) -> None:
        assert self.routes_file.exists()

    def _in_step(self, commit: str) -> None:
        report = self.report()
        assert report.wanted, report
        assert report.wanted.source == commit, report
        assert report.in_step, report

    def _healthy(self, versions: Sequence[str]) -> None:
        for version in versions:
            name = f"cluster.serving-api-{version}.membership_healthy"
            stats = self.admin_get(f"/stats?format=json&filter=^{name}$")["stats"]
            assert stats[0]["value"] == 1, version

    def _envoy_command(self) -> list[str]:
        bootstrap = load_bootstrap(self.project / "envoy" / "bootstrap.yaml")
        local = localize(
            bootstrap,
            servers={version: self._places(version) for version in VERSIONS},
            routes_file=self.routes_file,
            descriptors_file=self.project / _DESCRIPTORS,
            jwks_file=self.home / tokens.JWKS_FILE,
            listen=self.target,
            probe=f"127.0.0.1:{self.ports['probe']}",
            admin=f"127.0.0.1:{self.ports['admin']}",
        )
        if self.name_server:
            for version in VERSIONS:
                self._found_by_name(version, bootstrap, local)
        write_bootstrap(local, self.home / "bootstrap.yaml")
        arguments = "-c bootstrap.yaml --concurrency 1 --disable-hot-restart -l warning"
        return [str(envoy_binary()), *arguments.split()]

    def _places(self, version: str) -> list[str]:
        return [place for name, place in self.pods.items() if version_of(name) == version]

    def _found_by_name(self, version: str, bootstrap: Any, local: Any) -> None:
        """Give a version the cluster that is written for Kubernetes, but for port and resolver."""
        name = f"serving-api-{version}"
        (cluster,) = (
            one for one in bootstrap["static_resources"]["clusters"] if one["name"] == name
        )
        cluster = copy.deepcopy(cluster)
        (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
        endpoint["endpoint"]["address"]["socket_address"]["port_value"] = self.ports[version]
        place = {"address": "127.0.0.1", "port_value": self.name_server}
        cluster["cluster_type"]["typed_config"]["typed_dns_resolver_config"] = {
            "name": "envoy.network.dns_resolver.cares",
            "typed_config": {"@type": _CARES, "resolvers": [{"socket_address": place}]},
        }
        clusters = local["static_resources"]["clusters"]
        clusters[:] = [cluster if one["name"] == name else one for one in clusters]

    def _agent_settings(self) -> dict[str, str]:
        return {
            "WEIGHBRIDGE_TRAFFIC_REPO": self.traffic_repo,
            "WEIGHBRIDGE_TRAFFIC_PATH": FOLDER,
            "WEIGHBRIDGE_ROUTES_TEMPLATE": str(self.template),
            "WEIGHBRIDGE_ROUTES_FILE": str(self.routes_file),
            "WEIGHBRIDGE_BOOTSTRAP": str(self.project / "envoy" / "bootstrap.yaml"),
            "WEIGHBRIDGE_ENVOY_ADMIN": self.admin,
            "WEIGHBRIDGE_REPORT_LISTEN": f"127.0.0.1:{self.ports['report']}",
            **self.settings,
        }


class _KeepErrors(urllib.request.HTTPErrorProcessor):
    """Return an answer of 400 or more as it is."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response


def new_ingress(home: Path, project: Path, text: str | None = None) -> Ingress:
    """Lay out an ingress on free ports; nothing runs yet."""
    names = (*VERSIONS, "data", "probe", "admin", "report")
    held_ports = ExitStack()
    ports = {name: held_ports.enter_context(held_port()) for name in names}
    (home / "routes").mkdir(parents=True)
    tokens.create_signing_key(home)
    commits = _new_repository(home, text or traffic_file("10"))
    template = project / "envoy" / "routes.yaml"
    pods = {version: f"127.0.0.1:{ports[version]}" for version in VERSIONS}
    repo = str(home / "traffic.git")
    return Ingress(home, project, commits, ports, repo, template, held_ports, pods=pods)


def version_of(pod: str) -> str:
    return pod.partition("-")[0]


def _new_repository(home: Path, text: str) -> TrafficCommits:
    """Make a bare repository with one commit, and a clone of it to commit from."""
    bare, seed = home / "traffic.git", home / "seed"
    file = seed / FOLDER / "traffic.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for command in (
        ["init", "--quiet", "--bare", "--initial-branch=main", str(bare)],
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        [*identity, "commit", "--quiet", "--message=Start"],
        ["push", "--quiet", str(bare), "main"],
    ):
        subprocess.run(["git", *command], cwd=seed, check=True)
    environment = {"WEIGHBRIDGE_TRAFFIC_REPO": str(bare), "WEIGHBRIDGE_TRAFFIC_PATH": FOLDER}
    return TrafficCommits(environment)


def call(stub: DelayServiceStub, metadata: Sequence[tuple[str, str]], asset_id: str) -> Echoed:
    request = pb.PredictRequest(shipment=Shipment(asset_id=asset_id))
    future = stub.Predict.future(request, metadata=tuple(metadata), timeout=10)
    code, message = future.code(), future.details() or ""
    returned = {
        key: str(value)
        for key, value in (*(future.initial_metadata() or ()), *(future.trailing_metadata() or ()))
    }
    if code is not grpc.StatusCode.OK:
        return Echoed(code, message, None, {}, returned)
    answer = future.result()
    return Echoed(
        code, message, f"v{answer.model.version}", json.loads(answer.prediction_id), returned
    )


def keep_calling(
    ingress: Ingress, seconds: float, rate: float, target: str | None = None
) -> list[Echoed]:
    """Call at a steady rate for a while, whatever a test does meanwhile."""
    results = []
    with grpc.insecure_channel(target or ingress.target) as channel, ThreadPoolExecutor(16) as pool:
        stub = DelayServiceStub(channel)
        start = time.monotonic()
        for index in range(int(seconds * rate)):
            time.sleep(max(0.0, start + index / rate - time.monotonic()))  # the pace of the load
            results.append(pool.submit(call, stub, (), "Truck_1"))
    return [result.result() for result in results]
