"""Any signal that asks for an end acts like Ctrl-C, and cleaning up is not cut short."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_like_ctrl_c() -> None:
    """Raise KeyboardInterrupt for SIGTERM and SIGHUP too, so that nothing is left running."""
    for number in _ENDS:
        signal.signal(number, _interrupt)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let no further signal end what is done inside; every wait in it has a limit of its own."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
