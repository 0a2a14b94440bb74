"""A place between clients and servers: a Service's address, or a network that fails."""

from __future__ import annotations

import contextlib
import socket
import threading


class Relay:
    """Passes each new connection to the `target` of that moment; those that are open stay."""

    def __init__(self, port: int, target: int) -> None:
        self.target = target
        self.port = port
        self._open: list[socket.socket] = []
        self._flowing = threading.Event()
        self._flowing.set()
        self._listener: socket.socket | None = None
        self.listen()

    def listen(self) -> None:
        """Take connections, from the start and again after `hang_up`."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def hang_up(self) -> None:
        """Close every connection and refuse new ones."""
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)  # else a thread that accepts keeps it
            self._listener.close()
            self._listener = None
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def freeze(self, frozen: bool) -> None:
        """Let nothing through in either direction, without a word; or let it again."""
        if frozen:
            self._flowing.clear()
        else:
            self._flowing.set()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=self._pass, args=(near,), daemon=True).start()

    def _pass(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self.target)) as far:
            self._open += [near, far]
            back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
            back.start()
            self._pump(near, far)
            back.join()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self._flowing.wait()
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
