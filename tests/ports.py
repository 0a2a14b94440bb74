"""Ports for the servers that tests start."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_port() -> Iterator[int]:
    """Keep a free port for those who ask for it by number, and for nobody who takes any.

    A socket that is bound and does not listen is stepped over when the system gives out a port;
    servers, which reuse addresses, bind beside it.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
