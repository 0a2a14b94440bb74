"""The wait for a call's message, which its caller may never send."""

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

from weighbridge_server.transport._errors import NoMessageError
from weighbridge_server.transport._threads import CallThreads

M = TypeVar("M")

# Messages that are on their way take less: what still waits when it is looked at twice is late.
_LOOK_S: Final = 0.1
# What a stop allows: a caller that means to send its message does so with its headers.
_HURRIED_S: Final = 1.0
_NEVER: Final[Any] = object()


class MessageWait:
    """Where the calls of some threads wait for a message, `limit_s` at most.

    A call that waits holds its thread. While it does, another thread is lent to the calls behind.
    """

    def __init__(self, threads: CallThreads, limit_s: float) -> None:
        self._threads = threads
        self._limit_s = limit_s
        self._waiting: dict[Iterator[Any], None] = {}
        self._since_s: dict[Iterator[Any], float] = {}

    def receive(self, requests: Iterator[M]) -> M:
        """Take the next message: `next`, that raises NoMessageError past the limit.

        All that a call pays is its entry, made and removed: who is late is found by `look`.
        """
        waiting = self._waiting
        waiting[requests] = None
        try:
            message = next(requests)
        finally:
            del waiting[requests]
        if message is _NEVER:
            raise NoMessageError(f"no message came within {self._limit_s:g} s; send it again")
        return message

    def hurry(self) -> None:
        """Wait no longer than a stop can."""
        self._limit_s = min(self._limit_s, _HURRIED_S)

    def look(self, now_s: float) -> None:
        """End the waits that are over, and lend a thread for each that goes on. For one thread."""
        # Copied in one step of the interpreter, while calls come and go.
        before, waiting = self._since_s, self._waiting.copy()
        self._since_s = {requests: before.get(requests, now_s) for requests in waiting}
        self._threads.lend(sum(requests in before for requests in waiting))
        for requests, since_s in self._since_s.items():
            if now_s - since_s >= self._limit_s:
                _end_wait(requests)


def look_always(waits: Sequence[MessageWait]) -> None:
    """Look at these from now on, on a thread that ends with the process."""

    def look() -> None:
        while True:
            time.sleep(_LOOK_S)
            now_s = time.monotonic()
            for wait in waits:
                wait.look(now_s)

    threading.Thread(target=look, name="messages", daemon=True).start()


def _end_wait(requests: Any) -> None:
    """Hand `_NEVER` to who waits, as if it had arrived: then the call can be answered in words.

    grpcio has no door for this. Its only one, `cancel`, resets the stream: the caller would not
    learn why, and Envoy would hold it against the server and try the call at the next.
    """
    state = requests._state
    with state.condition:
        if state.request is None:
            state.request = _NEVER
            state.condition.notify_all()
