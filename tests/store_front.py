"""A real HTTP server before a store, which passes everything on until it is told to fail."""

from __future__ import annotations

import http.client
import threading
from contextlib import contextmanager
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ERROR = b'<?xml version="1.0"?><Error><Code>InternalError</Code><Message>no</Message></Error>'


class Fault(Enum):
    """What goes wrong."""

    NONE = "none"
    ERROR = "error"
    """Each answer is a 500."""
    BREAKS_OFF = "breaks off"
    """Answers end in the middle of their bodies."""
    TRICKLES = "trickles"
    """Answers come byte by byte, each in time, and all of them never."""


class StoreFront:
    """Where the front listens, and its present fault. The store checks each caller's signature."""

    def __init__(self, port: int, target: int) -> None:
        self.fault = Fault.NONE
        self.endpoint = f"http://127.0.0.1:{port}"
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                front.answer(self)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self._target = target
        self._closed = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, call: BaseHTTPRequestHandler) -> None:
        """Answer one call as the fault of this moment wants it."""
        if self.fault is Fault.ERROR:
            status, body = 500, _ERROR
        else:
            status, body = self._ask(call)
        call.send_response(status)
        call.send_header("Content-Length", str(len(body)))
        call.end_headers()
        if self.fault is Fault.TRICKLES:
            self._trickle(call, body)
        else:
            call.wfile.write(body[: len(body) // 2] if self.fault is Fault.BREAKS_OFF else body)
        call.close_connection = True

    def _trickle(self, call: BaseHTTPRequestHandler, body: bytes) -> None:
        for byte in body:
            if self.fault is not Fault.TRICKLES:
                return
            call.wfile.write(bytes([byte]))
            self._closed.wait(0.2)

    def close(self) -> None:
        """Stop listening."""
        self.fault = Fault.BREAKS_OFF
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()

    def _ask(self, call: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        store = http.client.HTTPConnection("127.0.0.1", self._target, timeout=10)
        store.putrequest(call.command, call.path, skip_host=True, skip_accept_encoding=True)
        for name, value in call.headers.items():
            store.putheader(name, value)
        store.endheaders()
        answer = store.getresponse()
        try:
            return answer.status, answer.read()
        finally:
            store.close()


@contextmanager
def store_front(port: int, target: int) -> Iterator[StoreFront]:
    """Stand before the store at the port `target`."""
    front = StoreFront(port, target)
    try:
        yield front
    finally:
        front.close()
