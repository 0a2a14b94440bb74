"""The agent's read-only port: GET /report and GET /healthz."""

from __future__ import annotations

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge_ingress._agent import Agent


class ReportServer:
    """Serves one agent's report on "host:port"; port 0 takes a free one."""

    def __init__(self, agent: Agent, listen: str) -> None:
        host, _, port = listen.rpartition(":")
        handler = type("Handler", (_Handler,), {"agent": agent})
        self._server = ThreadingHTTPServer((host.strip("[]"), int(port)), handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, name="report", daemon=True)

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    agent: Agent
    timeout = 5.0  # seconds a silent caller may hold a thread

    def do_GET(self) -> None:
        if self.path == "/report":
            self._answer(HTTPStatus.OK, self.agent.report.to_json(), "application/json")
        elif self.path == "/healthz":
            ailment = self.agent.ailment
            status = HTTPStatus.SERVICE_UNAVAILABLE if ailment else HTTPStatus.OK
            self._answer(status, f"{ailment or 'ok'}\n".encode(), "text/plain")
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"there is /report and /healthz\n", "text/plain")

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: callers poll several times a second."""
