"""How a server stops, in this order:

1. health says NOT_SERVING: balancers take this endpoint out;
2. wait for them to notice, still answering every call (WEIGHBRIDGE_DRAIN_WAIT_S);
3. take no new calls, finish the running ones (WEIGHBRIDGE_STOP_LIMIT_S);
4. close the spool: no call that its caller still waits for can write a row any more;
5. exit, without waiting for what did not end: 0, or 1 when calls went on past the limit.

A second signal during the wait skips the rest of the wait.
"""

import logging
import os
import select
import signal
import socket
from types import FrameType
from typing import NoReturn, Protocol

_log = logging.getLogger(__name__)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Server(Protocol):
    """What is stopped first."""

    def leave(self) -> None:
        """Say NOT_SERVING and go on answering."""

    def stop(self, limit_s: float) -> int:
        """Finish the running calls within the limit; return how many did not end."""


class Log(Protocol):
    """What is closed last."""

    def close(self) -> None:
        """Finish what was written."""


class StopSignal:
    """Waits for SIGTERM or SIGINT. Made on the main thread."""

    def __init__(self) -> None:
        # Written by the interpreter the moment a signal comes. An Event would be set by a handler,
        # which runs too late for a wait that is just beginning, and hangs inside the Event's lock.
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno())
        for number in _SIGNALS:
            signal.signal(number, _note)

    def wait(self) -> None:
        """Block until a signal came."""
        self._reader.recv(1)

    def pause(self, seconds: float) -> None:
        """Let time pass, until the next signal at most."""
        select.select([self._reader], [], [], seconds)


def _note(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: that there is a handler makes the interpreter write to the wake-up socket."""


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
) -> int:
    """Go through the order above up to the exit; return how many calls did not end."""
    _log.info("stopping: not serving", extra={"wait_s": drain_wait_s})
    server.leave()
    asked.pause(drain_wait_s)
    _log.info("stopping: finishing running calls", extra={"limit_s": stop_limit_s})
    unfinished = server.stop(stop_limit_s)
    log.close()
    if unfinished:
        _log.error("stopped before all calls had ended", extra={"calls": unfinished})
    else:
        _log.info("stopped")
    return unfinished


def exit_now(code: int) -> NoReturn:
    """End the process; Python's own way would wait for threads that may never end."""
    logging.shutdown()
    os._exit(code)
