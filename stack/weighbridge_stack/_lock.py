"""One command at a time changes a stack."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weighbridge_stack._errors import BusyError


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the stack's lock, which goes with the process; BusyError if another one holds it."""
    with (home / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                f"Another `make up` or `make down` is at work on {home}; wait until it has ended."
            ) from error
        yield
