"""Send rows one call each, and keep what came of every one."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from weighbridge import CallError, Shipment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from weighbridge import Client, Prediction


_GIVE_UP_AFTER = 20
_SILENCE = ("UNAVAILABLE", "DEADLINE_EXCEEDED")
_FIELDS = tuple(field.name for field in fields(Shipment))


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make."""

    row: int
    """The row of the file, from 1."""
    values: Mapping[str, object]
    user_id: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one call."""

    row: int
    user_id: str | None
    code: str
    """OK or the gRPC code."""
    latency_ms: float
    """With all attempts and the waits between them."""
    prediction: Prediction | None
    routed_version: str | None
    served_version: str | None
    request_id: str | None
    traffic_revision: str | None
    attempts: int
    error: str | None


class Replay:
    """Sends calls from several threads over one client, at a given rate at most."""

    def __init__(
        self,
        client: Client,
        calls: Sequence[Call],
        *,
        concurrency: int,
        rate: float | None,
        on_outcome: Callable[[Outcome], None],
    ) -> None:
        self._client = client
        self._calls = calls
        self._concurrency = concurrency
        self._interval_s = 1.0 / rate if rate else 0.0
        self._on_outcome = on_outcome
        self._lock = threading.Lock()
        self._next = 0
        self._stopped = threading.Event()
        self._outcomes: list[Outcome] = []
        # Two rounds at least: one moment of an outage fails every call that is under way.
        self._give_up_after = max(_GIVE_UP_AFTER, 2 * concurrency)
        self._unanswered = 0

    @property
    def gave_up(self) -> bool:
        """Whether it ended early because nothing answered any more."""
        return self._unanswered >= self._give_up_after

    def run(self) -> list[Outcome]:
        """Make all calls and return their outcomes in the order of the rows.

        An interrupt ends it early, and so do many calls in a row that nothing answers: calls under
        way finish, and what was done is returned.
        """
        started = time.monotonic()
        with ThreadPoolExecutor(self._concurrency) as pool:
            workers = [pool.submit(self._work, started) for _ in range(self._concurrency)]
            try:
                for worker in workers:
                    worker.result()
            except BaseException as error:
                self._stopped.set()
                if not isinstance(error, KeyboardInterrupt):
                    raise
        return sorted(self._outcomes, key=lambda outcome: outcome.row)

    def _work(self, started: float) -> None:
        while (taken := self._take()) is not None:
            index, call = taken
            wait_s = started + index * self._interval_s - time.monotonic()
            if self._interval_s and self._stopped.wait(max(0.0, wait_s)):
                return
            outcome = _make(self._client, call)
            with self._lock:
                self._outcomes.append(outcome)
                if not self.gave_up:
                    self._unanswered = self._unanswered + 1 if outcome.code in _SILENCE else 0
                if self.gave_up:
                    self._stopped.set()
                self._on_outcome(outcome)

    def _take(self) -> tuple[int, Call] | None:
        with self._lock:
            if self._stopped.is_set() or self._next == len(self._calls):
                return None
            self._next += 1
            return self._next - 1, self._calls[self._next - 1]


def _make(client: Client, call: Call) -> Outcome:
    shipment = Shipment.from_mapping({name: call.values[name] for name in _FIELDS})
    started = time.perf_counter()
    try:
        answer = client.predict(shipment, user_id=call.user_id)
    except CallError as error:
        return Outcome(
            row=call.row,
            user_id=call.user_id,
            code=error.code.name,
            latency_ms=(time.perf_counter() - started) * 1e3,
            prediction=None,
            routed_version=error.routed_version,
            served_version=error.served_version,
            request_id=error.request_id,
            traffic_revision=error.traffic_revision,
            attempts=error.attempts,
            error=str(error),
        )
    return Outcome(
        row=call.row,
        user_id=call.user_id,
        code="OK",
        latency_ms=(time.perf_counter() - started) * 1e3,
        prediction=answer,
        routed_version=answer.routed_version,
        served_version=answer.served_version,
        request_id=answer.request_id,
        traffic_revision=answer.traffic_revision,
        attempts=answer.attempts,
        error=None,
    )
