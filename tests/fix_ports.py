"""Ports for the servers that tests start, each kept for whom it was given to."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.ports import held_port

HeldPorts = Callable[[], int]


@pytest.fixture(scope="session")
def held_ports() -> Iterator[HeldPorts]:
    """Return a port that nobody else gets until the tests end, at each call."""
    with ExitStack() as held:
        yield lambda: held.enter_context(held_port())
