"""Work on a thread of its own, so that one waits for it no longer than one wants to."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def start_beside(work: Callable[[], T], name: str) -> Future[T]:
    """Start the work; what hangs in it does not hold up the end of the process.

    A pool's threads would.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return outcome
