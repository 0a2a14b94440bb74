"""The wish to stop, from SIGTERM or SIGINT."""

import logging
import os
import signal
import threading
import time

_log = logging.getLogger("weighbridge.predictionlog.shipper")

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_GRACE_S = 1.0


class Stop:
    """Tells the loop to stop, and ends the process when the loop does not come to its end."""

    def __init__(self, drain_s: float) -> None:
        self._drain_s = drain_s
        self._event = threading.Event()
        self._deadline = float("inf")

    @classmethod
    def on_signals(cls, drain_s: float) -> "Stop":
        """Block the signals in this thread and wait for them in another.

        A thread, because a handler may run inside `wait` and would then set the event it holds.
        """
        stop = cls(drain_s)
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        threading.Thread(target=stop._watch, name="stop", daemon=True).start()
        return stop

    @property
    def requested(self) -> bool:
        """Whether a signal came."""
        return self._event.is_set()

    @property
    def overdue(self) -> bool:
        """Whether the time for what is left is over."""
        return time.monotonic() >= self._deadline

    def wait(self, timeout_s: float) -> None:
        """Wait for the wish to stop, at most so long."""
        self._event.wait(timeout_s)

    def _watch(self) -> None:
        signal.sigwait(_SIGNALS)
        self._deadline = time.monotonic() + self._drain_s
        self._event.set()
        time.sleep(self._drain_s + _GRACE_S)
        # Stuck in a call to PostgreSQL. Leaving is safe at any point: nothing is deleted
        # before it is committed.
        _log.error("gave up waiting for PostgreSQL; rows wait in the spool")
        os._exit(1)
