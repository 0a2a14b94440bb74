"""Where Prometheus fetches the metrics: plain HTTP, apart from the calls' port."""

import logging
import socket
import sys
import threading
from socketserver import TCPServer, ThreadingMixIn
from typing import Final

from prometheus_client import CollectorRegistry, MetricsHandler

from weighbridge_server.transport._errors import ListenError

_log = logging.getLogger(__name__)

_IDLE_LIMIT_S: Final = 10


class _Handler(MetricsHandler):
    # Who connects and asks nothing must not keep a thread for ever.
    timeout = _IDLE_LIMIT_S


# Not http.server's own: it asks DNS for the machine's name, and a start would wait for the answer.
class _Server(ThreadingMixIn, TCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Log what the base class would print as a traceback among the log's lines."""
        error = sys.exception()
        if isinstance(error, OSError):
            return  # the client is gone, and will ask again
        _log.error("the metrics could not be given", exc_info=error)


class MetricsListener:
    """Serves a registry at `listen` (host:port; port 0 takes a free one: `port`).

    It has no end of its own: it answers until the process is gone, so that what a stopping server
    counts can still be fetched, and its threads hold up nothing.
    """

    def __init__(self, registry: CollectorRegistry, listen: str) -> None:
        """Bind the address. Raises ListenError when it cannot be had."""
        host, _, port = listen.rpartition(":")
        try:
            family, *_, address = socket.getaddrinfo(
                host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            kind = type("_ServerOfFamily", (_Server,), {"address_family": family})
            self._server: TCPServer = kind(address, _Handler.factory(registry))
        except (OSError, ValueError) as error:
            raise ListenError(
                f"cannot listen on {listen}: {error}; "
                "free the address or change WEIGHBRIDGE_METRICS_LISTEN"
            ) from None
        self.port: int = self._server.server_address[1]

    def start(self) -> None:
        """Begin to answer."""
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()
