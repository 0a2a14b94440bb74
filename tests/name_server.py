"""A real name server over UDP: who is behind a name changes when a test says so."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

_HEADER = struct.Struct("!6H")  # number, flags, and how many of four kinds follow
_RECORD = struct.Struct("!3HIH4s")  # name, type, class (1: Internet), seconds to keep, address
_FOUND = 0x8180
_SAME_NAME = 0xC00C
_IPV4 = 1


class NameServer:
    """Gives all `hosts` of a name's first label, to be kept for no time, as IPv4 addresses."""

    def __init__(self, hosts: dict[str, list[str]]) -> None:
        self.hosts = hosts
        owner = self

        class Question(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                asked, reply = self.request
                reply.sendto(owner.answer(asked), self.client_address)

        self._server = socketserver.UDPServer(("127.0.0.1", 0), Question)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def port(self) -> int:
        port: int = self._server.server_address[1]
        return port

    def answer(self, asked: bytes) -> bytes:
        """Answer one question; a name that is not in `hosts` has no addresses."""
        number, *_ = _HEADER.unpack_from(asked)
        label = asked[_HEADER.size + 1 :][: asked[_HEADER.size]].decode()
        end = asked.index(0, _HEADER.size) + 5  # the name, its closing 0, type and class
        (kind,) = struct.unpack_from("!H", asked, end - 4)
        hosts = self.hosts.get(label, []) if kind == _IPV4 else []
        head = _HEADER.pack(number, _FOUND, 1, len(hosts), 0, 0)
        records = [_RECORD.pack(_SAME_NAME, _IPV4, 1, 0, 4, socket.inet_aton(h)) for h in hosts]
        return head + asked[_HEADER.size : end] + b"".join(records)

    def __enter__(self) -> NameServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
