"""How a server stops, in this order:

1. health says NOT_SERVING: balancers take this endpoint out;
2. wait for them to notice, still answering every call (WEIGHBRIDGE_DRAIN_WAIT_S);
3. take no new calls, finish the running ones (WEIGHBRIDGE_STOP_LIMIT_S);
4. close the spool: no call can write a row any more;
5. exit with 0.

A second signal during the wait skips the rest of the wait.
"""

import logging
import signal
import threading
from types import FrameType
from typing import Protocol

_log = logging.getLogger(__name__)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Server(Protocol):
    """What is stopped first."""

    def leave(self) -> None:
        """Say NOT_SERVING and go on answering."""

    def stop(self, limit_s: float) -> None:
        """Finish the running calls within the limit."""


class Log(Protocol):
    """What is closed last."""

    def close(self) -> None:
        """Finish what was written."""


class StopSignal:
    """Waits for SIGTERM or SIGINT. Made on the main thread."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        for number in _SIGNALS:
            signal.signal(number, self._ask)

    def wait(self) -> None:
        """Block until a signal came."""
        self._asked.wait()

    def pause(self, seconds: float) -> None:
        """Let time pass, until the next signal at most."""
        self._asked.clear()
        self._asked.wait(seconds)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked.set()


def exit_on_signal() -> None:
    """Make a signal end the process at once; for the time before there is anything to stop.

    As process 1 of a container Python would otherwise ignore SIGTERM.
    """
    for number in _SIGNALS:
        signal.signal(number, _exit)


def _exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def stop_in_order(
    server: Server, log: Log, asked: StopSignal, *, drain_wait_s: float, stop_limit_s: float
) -> None:
    """Go through the order above; returns when nothing is left to lose."""
    _log.info("stopping: not serving, waiting %.1f s for balancers", drain_wait_s)
    server.leave()
    asked.pause(drain_wait_s)
    _log.info("stopping: finishing running calls, at most %.1f s", stop_limit_s)
    server.stop(stop_limit_s)
    log.close()
    _log.info("stopped")
