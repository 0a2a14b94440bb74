"""Calls by method and code, and how long they took.

Each thread counts into a table of its own, which takes no lock; a scrape adds them up. What makes
that right is the interpreter's lock: copying a dictionary or a list of numbers is one step of it.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from weighbridge_server.metrics import _families as families

# From a small model's answer to the longest a stop waits for.
BOUNDS_S: Final = (
    *(0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05),
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
)


class _Table:
    """What one thread has counted."""

    __slots__ = ("buckets", "calls", "seconds")

    def __init__(self) -> None:
        self.calls: dict[tuple[str, str], int] = {}
        self.seconds: dict[str, float] = {}
        self.buckets: dict[str, list[int]] = {}


class CallCounts(Collector):
    """Counts calls. `add` is for any thread, `collect` for the one that scrapes."""

    def __init__(self) -> None:
        self._own = threading.local()
        self._tables: list[_Table] = []

    def add(self, method: str, code: str, seconds: float) -> None:
        """Count one call that has ended."""
        try:
            table: _Table = self._own.table
        except AttributeError:
            table = self._own.table = _Table()
            self._tables.append(table)
        key = (method, code)
        calls = table.calls
        calls[key] = calls.get(key, 0) + 1
        try:
            buckets = table.buckets[method]
        except KeyError:
            table.seconds[method] = 0.0
            buckets = table.buckets[method] = [0] * (len(BOUNDS_S) + 1)
        buckets[bisect_left(BOUNDS_S, seconds)] += 1
        table.seconds[method] += seconds

    def collect(self) -> Iterator[Metric]:
        """Add up what all threads have counted."""
        tables = tuple(self._tables)
        yield _calls(tables)
        yield _durations(tables)


def _calls(tables: tuple[_Table, ...]) -> Metric:
    counts: Counter[tuple[str, str]] = Counter()
    for table in tables:
        counts.update(table.calls.copy())
    family = families.CALLS.counted()
    for labels, count in sorted(counts.items()):
        family.add_metric(labels, count)
    return family


def _durations(tables: tuple[_Table, ...]) -> Metric:
    sums: dict[str, list[int]] = {}
    seconds: Counter[str] = Counter()
    for table in tables:
        seconds.update(table.seconds.copy())
        for method, buckets in table.buckets.copy().items():
            before = sums.get(method, [0] * len(buckets))
            sums[method] = [a + b for a, b in zip(before, buckets.copy(), strict=True)]
    family = families.DURATION.distributed()
    for method, buckets in sorted(sums.items()):
        family.add_metric([method], _cumulated(buckets), seconds[method])
    return family


def _cumulated(buckets: list[int]) -> list[tuple[str, float]]:
    total, found = 0, []
    for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), buckets, strict=True):
        total += count
        found.append((bound, float(total)))
    return found
