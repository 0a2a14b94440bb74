"""The threads that answer calls."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class CallThreads(ThreadPoolExecutor):
    """Threads that tell whether a call runs or waits for one of them.

    gRPC itself forgets a call as soon as its caller gives up, while its handler goes on.
    """

    def __init__(self, threads: int) -> None:
        super().__init__(threads, thread_name_prefix="call")
        self._calls = 0
        self._ended = threading.Condition()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a call when a thread is free, and count it until it has ended."""
        with self._ended:
            self._calls += 1
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(self._end)
        return future

    def wait(self, timeout_s: float) -> int:
        """Wait until every call has ended; return how many have not."""
        with self._ended:
            self._ended.wait_for(lambda: self._calls == 0, timeout_s)
            return self._calls

    def _end(self, _: object) -> None:
        with self._ended:
            self._calls -= 1
            self._ended.notify_all()
