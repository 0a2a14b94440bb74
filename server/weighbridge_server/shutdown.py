"""How a server stops, in this order, each step with its limit:

1. follow no alias any more: nothing is waited for;
2. health says NOT_SERVING: balancers take this endpoint out;
3. wait for them to notice, still answering every call (WEIGHBRIDGE_DRAIN_WAIT_S);
4. GOAWAY: clients open new calls elsewhere; finish those that run or wait for a thread
   (WEIGHBRIDGE_STOP_LIMIT_S), and let their answers leave (a second);
5. flush and close the spool (WEIGHBRIDGE_FLUSH_LIMIT_S): no call that its caller still waits for
   can write a row any more;
6. exit, without waiting for what did not end: 0, or 1 when a limit was reached.

A second signal during the wait of step 3 skips the rest of it. Metrics are served up to the exit.
"""

import logging
import os
import select
import signal
import socket
import threading
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
        """Bring what was written to the disk. Raises OSError when the disk does not take it."""


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

    As process 1 of a container it would otherwise be deaf to SIGTERM.
    """
    for number in _SIGNALS:
        signal.signal(number, _exit)


def _exit(number: int, _frame: FrameType | None) -> None:
    # An exception would come up in the midst of some import, which might take it for its own.
    os._exit(128 + number)


def stop_in_order(
    server: Server,
    log: Log,
    asked: StopSignal,
    *,
    drain_wait_s: float,
    stop_limit_s: float,
    flush_limit_s: float,
) -> int:
    """Go through the order above, from health on; return the exit code."""
    _log.info("stopping: not serving", extra={"wait_s": drain_wait_s})
    server.leave()
    asked.pause(drain_wait_s)
    _log.info("stopping: finishing running calls", extra={"limit_s": stop_limit_s})
    unfinished = server.stop(stop_limit_s)
    flushed = _flush(log, flush_limit_s)
    if unfinished:
        _log.error("stopped before all calls had ended", extra={"calls": unfinished})
    elif flushed:
        _log.info("stopped")
    return 1 if unfinished or not flushed else 0


def _flush(log: Log, limit_s: float) -> bool:
    """Close the log; a disk that hangs is left behind, with a thread that waits for it."""
    failure: list[str] = [f"the disk took longer than {limit_s:g} s"]

    def close() -> None:
        try:
            log.close()
        except OSError as error:
            failure[0] = str(error)
        else:
            failure.clear()

    closing = threading.Thread(target=close, name="flush", daemon=True)
    closing.start()
    closing.join(limit_s)
    if failure:
        # They are in the kernel's memory: the end of this process does not take them.
        _log.error("stopped before the last rows were on the disk", extra={"error": failure[0]})
    return not failure


def exit_now(code: int) -> NoReturn:
    """End the process; Python's own way would wait for threads that may never end."""
    logging.shutdown()
    os._exit(code)
