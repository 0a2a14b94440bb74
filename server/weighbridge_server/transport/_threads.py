"""The threads that answer calls."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Final, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")
Work = Callable[[], object]
Then = Callable[[Any], object]

_log = logging.getLogger(__name__)

# Of the base class's own threads, which only its own `submit` would start.
_LEAST_IT_TAKES: Final = 1


class CallThreads(ThreadPoolExecutor):
    """Threads that tell how many calls run or wait for one of them: `count`.

    gRPC itself forgets a call as soon as its caller gives up, while its handler goes on.

    It takes a ThreadPoolExecutor, and of what `submit` returns it calls one method. The base
    class would make a future with a lock and a condition for every call, and ask how many threads
    are idle. Here calls go through one queue to threads that live as long as the process, but for
    those that are lent.
    """

    def __init__(self, threads: int, name: str) -> None:
        super().__init__(_LEAST_IT_TAKES)
        self.count = 0
        self._name = name
        self._own = self._wanted = threads
        self._alive = 0
        self._lock = threading.Lock()
        self._none_left = threading.Condition(self._lock)
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        self.lend(0)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a call when a thread is free, and count it until it has ended.

        What is returned can do no more than `add_done_callback`; gRPC's calls raise nothing.
        """
        call = _Call(self._lock, lambda: fn(*args, **kwargs))
        with self._lock:
            self.count += 1
        self._calls.put(call)
        return cast("Future[T]", call)

    def lend(self, threads: int) -> None:
        """Have this many threads more from now on, for calls that hold one and do nothing.

        Those that are too many leave after their next call.
        """
        with self._lock:
            self._wanted = self._own + threads
            missing = range(self._alive, self._wanted)
            self._alive += len(missing)
        for number in missing:
            threading.Thread(target=self._work, name=f"{self._name}_{number}", daemon=True).start()

    def wait(self, timeout_s: float) -> int:
        """Wait until every call has ended; return how many have not."""
        with self._none_left:
            self._none_left.wait_for(lambda: self.count == 0, max(0.0, timeout_s))
            return self.count

    def _work(self) -> None:
        while True:
            call = self._calls.get()
            try:
                self._answer(call)
            except BaseException:  # the thread is not the call's to end
                _log.exception("a call failed outside of its handler")
            del call  # with all that it holds, while the thread waits for the next
            if self._alive > self._wanted and self._leaves():
                return

    def _leaves(self) -> bool:
        """Say whether this thread is one too many; it must leave then."""
        with self._lock:
            leaves = self._alive > self._wanted
            self._alive -= leaves
            return leaves

    def _answer(self, call: "_Call") -> None:
        try:
            call.work()
        finally:
            with self._lock:
                self.count -= 1
                if not self.count:
                    self._none_left.notify_all()
            call.end()


class _Call:
    """A call that runs or waits."""

    __slots__ = ("_ended", "_lock", "_then", "work")

    def __init__(self, lock: threading.Lock, work: Work) -> None:
        self.work = work
        self._lock = lock
        self._then: tuple[Then, ...] = ()
        self._ended = False

    def add_done_callback(self, then: Then) -> None:
        """Call `then` with this when it has ended, at once if it has."""
        with self._lock:
            if not self._ended:
                self._then += (then,)
                return
        then(self)

    def end(self) -> None:
        """Do what was to be done then."""
        with self._lock:
            self._ended = True
        for then in self._then:
            then(self)
