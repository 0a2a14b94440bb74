"""A Kubernetes API server that answers with what real ones and a real Argo CD were recorded to say.

The real ones are asked in tests/cluster; this one is wherever the tests run, and lets each moment
of a commit's way stand still.
"""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from weighbridge_ingress import Report

NAMESPACE = "mlops-production"
CONTEXT = "kind-weighbridge"

_PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
_APPLICATION = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/weighbridge-kind"
_RECORDED = Path(__file__).parent / "unit" / "recorded"

_Json = dict[str, Any]


def recorded_pod(state: str) -> _Json:
    """Return the status of a pod as a real kubelet wrote it."""
    states: dict[str, _Json] = json.loads((_RECORDED / "pods.json").read_text())
    return states[state]


def recorded_application(state: str, commit: str, older: str = "") -> _Json:
    """Return an Application as a real Argo CD wrote it, about these commits."""
    text = (_RECORDED / f"application-{state}.json").read_text()
    found: _Json = json.loads(text.replace("COMMIT", commit).replace("OLDER", older))
    return found


@dataclass
class ApiServer:
    """What the cluster holds; a test may change it between two questions."""

    pods: dict[str, _Json] = field(default_factory=dict)
    """The status of each pod of Envoy."""
    other_pods: dict[str, _Json] = field(default_factory=dict)
    """Those of the model servers."""
    terminating: set[str] = field(default_factory=set)
    report: Callable[[str], Report | None] = lambda _: None
    """What the agent of a pod says; None: nobody listens there."""
    application: Callable[[], _Json | None] = lambda: None
    forbidden: tuple[str, ...] = ()
    """Beginnings of "METHOD path" that this user may not do."""
    asked: list[str] = field(default_factory=list)
    patches: list[_Json] = field(default_factory=list)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Return status and body."""
        self.asked.append(f"{method} {path}")
        place = urlsplit(path)
        if any(f"{method} {path}".startswith(one) for one in self.forbidden):
            return _refusal(403, f'User "ada" cannot {method.lower()} {place.path}')
        if place.path == _APPLICATION:
            return self._application(method, body)
        if place.path == _PODS:
            return 200, json.dumps({"items": self._listed(place.query)}).encode()
        if place.path.startswith(f"{_PODS}/") and place.path.endswith(":9903/proxy/report"):
            name = place.path.removeprefix(f"{_PODS}/").removesuffix(":9903/proxy/report")
            report = self.report(name)
            return (200, report.to_json()) if report else _refusal(503, "connection refused")
        return _refusal(404, f"{place.path} not found")

    def _application(self, method: str, body: bytes) -> tuple[int, bytes]:
        found = self.application()
        if found is None:
            return _refusal(404, 'applications.argoproj.io "weighbridge-kind" not found')
        if method == "PATCH":
            self.patches.append(json.loads(body))
        return 200, json.dumps(found).encode()

    def _listed(self, query: str) -> list[_Json]:
        (selector,) = parse_qs(query)["labelSelector"]
        chosen = self.pods
        if selector == "app.kubernetes.io/part-of=weighbridge":
            chosen = self.pods | self.other_pods
        else:
            assert selector == "app.kubernetes.io/name=serving-ingress"
        return [
            {"metadata": {"name": name, **self._end(name)}, "status": status}
            for name, status in chosen.items()
        ]

    def _end(self, name: str) -> _Json:
        return {"deletionTimestamp": "2026-11-24T11:00:00Z"} if name in self.terminating else {}


def _refusal(code: int, message: str) -> tuple[int, bytes]:
    return code, json.dumps({"kind": "Status", "code": code, "message": message}).encode()


@pytest.fixture
def api_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    """One that the kubeconfig of this test names, in a context called as kind does."""
    served = ApiServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            code, answer = served.answer(self.command, self.path, body)
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_PATCH = do_GET  # noqa: N815  the names that http.server looks for

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(_kubeconfig(f"http://127.0.0.1:{server.server_port}"))
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        yield served
        server.shutdown()
        thread.join()


def _kubeconfig(url: str) -> str:
    return f"""\
apiVersion: v1
kind: Config
current-context: other
clusters: [{{name: this, cluster: {{server: "{url}"}}}}]
users: [{{name: ada, user: {{token: secret}}}}]
contexts:
- {{name: other, context: {{cluster: this, user: ada}}}}
- {{name: {CONTEXT}, context: {{cluster: this, user: ada}}}}
"""
