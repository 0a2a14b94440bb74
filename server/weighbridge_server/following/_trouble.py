"""What goes wrong while following: told once, counted each time, tried again ever more rarely."""

import logging
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from weighbridge_server.inference import LoadFailure, Slot
from weighbridge_server.metrics import Metrics
from weighbridge_server.models import Alias, ModelError, Pin, reason_of

_log = logging.getLogger(__name__)

_FIRST_DELAY_S: Final = 1.0
_MOST_DELAY_S: Final = 60.0
_UNKNOWN_TEXT: Final = "loading failed for a reason this server does not know; its log has it"


@dataclass(slots=True)
class _Failing:
    """One thing that could not be had, and when it may be tried again."""

    failure: LoadFailure
    due: float
    next_delay_s: float


class Trouble:
    """The present failure of one slot, and when each cause of one may be tried again.

    Each cause has its own count and delay: between two tries of a large artefact the registry may
    fail too, and the artefact is not fetched the sooner for it.
    """

    def __init__(self, slot: Slot, metrics: Metrics) -> None:
        self._slot = slot
        self._metrics = metrics
        self._failing: dict[Alias | Pin, _Failing] = {}
        self._told: set[tuple[str, Alias | Pin]] = set()

    def is_due(self, wanted: Alias | Pin) -> bool:
        """Tell whether to try this now; what has not failed is tried at once."""
        failing = self._failing.get(wanted)
        return failing is None or time.monotonic() >= failing.due

    def wait_s(self, poll_s: float) -> float:
        """Return how long to wait before the next look."""
        now = time.monotonic()
        ahead = [failing.due - now for failing in self._failing.values() if failing.due > now]
        return min(poll_s, *ahead) if ahead else poll_s

    def note(self, wanted: Alias | Pin, error: Exception) -> None:
        """Record that this could not be had."""
        reason = reason_of(error) if isinstance(error, ModelError) else "INTERNAL"
        before = self._failing.get(wanted)
        delay_s = before.next_delay_s if before else _FIRST_DELAY_S
        failure = LoadFailure(
            description=str(error) if isinstance(error, ModelError) else _UNKNOWN_TEXT,
            reason=reason,
            version=wanted.version if isinstance(wanted, Pin) else "",
            failed_at=datetime.now(UTC),
            attempts=before.failure.attempts + 1 if before else 1,
        )
        due = time.monotonic() + delay_s * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        self._failing[wanted] = _Failing(failure, due, min(2 * delay_s, _MOST_DELAY_S))
        self._slot.failure = failure
        self._metrics.load_failed(reason)
        self._tell_once(wanted, reason, error)

    def answered(self, alias: Alias, pin: Pin) -> None:
        """Record that the registry answers: what failed there has passed, if not with the pin."""
        self._failing.pop(alias, None)
        if pin in self._failing:
            self._slot.failure = self._failing[pin].failure

    def clear(self) -> None:
        """Record that what is wanted serves."""
        if self._slot.failure is None:
            return
        self._failing.clear()
        self._told.clear()
        self._slot.failure = None
        _log.info("what the alias names serves again")

    def _tell_once(self, wanted: Alias | Pin, reason: str, error: Exception) -> None:
        if (reason, wanted) in self._told:
            return
        self._told.add((reason, wanted))
        pin = self._slot.current.model.pin
        _log.error(
            "keeping the model that serves",
            extra={
                "error": str(error),
                "kind": type(error).__name__,
                "serving_version": pin.version,
                "wanted_version": wanted.version if isinstance(wanted, Pin) else None,
            },
            exc_info=None if isinstance(error, ModelError) else error,
        )
