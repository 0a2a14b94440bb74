"""Calls that go on in the background while a test does something to the system."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from weighbridge import CallError, Client, Prediction, Retry

# A client that repeats calls would hide those that the system lost.
ONCE = Retry(max_attempts=1)


@dataclass
class Counted:
    """What became of all calls."""

    predictions: list[Prediction] = field(default_factory=list)
    errors: list[CallError] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """All calls, answered and failed."""
        return len(self.predictions) + len(self.errors)

    @property
    def versions(self) -> Counter[str | None]:
        """Answered calls per version that really served."""
        return Counter(prediction.served_version for prediction in self.predictions)


def send(target: str, rows: Sequence[Mapping[str, object]]) -> Counted:
    """Send each row once."""
    counted = Counted()
    with Client(target, retry=ONCE) as client:
        for row in rows:
            _call(client, row, counted)
    return counted


@contextmanager
def load(
    target: str,
    rows: Sequence[Mapping[str, object]],
    *,
    rate: float,
    threads: int = 4,
    limit_s: float = 60,
) -> Iterator[Counted]:
    """Send rows round and round at `rate` calls per second as long as the block runs."""
    counted, stop = Counted(), threading.Event()
    end = time.monotonic() + limit_s

    def work(client: Client, offset: int) -> None:
        interval_s = threads / rate
        due = time.monotonic()
        index = offset
        while not stop.is_set() and due < end:
            _call(client, rows[index % len(rows)], counted)
            index += threads
            due = max(due + interval_s, time.monotonic() - 1)
            stop.wait(max(0.0, due - time.monotonic()))

    with Client(target, retry=ONCE) as client:
        workers = [threading.Thread(target=work, args=(client, n)) for n in range(threads)]
        for worker in workers:
            worker.start()
        try:
            yield counted
        finally:
            stop.set()
            for worker in workers:
                worker.join()


def _call(client: Client, row: Mapping[str, object], counted: Counted) -> None:
    try:
        counted.predictions.append(client.predict(row))
    except CallError as error:
        counted.errors.append(error)
