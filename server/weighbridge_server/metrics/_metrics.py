"""All that a server counts and shows.

Who counts what: transport/ the calls, inference/ batches and unknown values, following/ the loads
of models. What others count already (the spool, the threads that answer) is read at a scrape.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics

from weighbridge_server.metrics import _families as families
from weighbridge_server.metrics._calls import CallCounts
from weighbridge_server.metrics._state import SpoolCounts, State
from weighbridge_server.models import ReadyModel

# When each counter was made: what process_start_time_seconds says once.
disable_created_metrics()  # type: ignore[no-untyped-call]  # its types are missing


class Metrics:
    """One server's figures, in a registry of their own. For any thread."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        calls, self._state = CallCounts(), State()
        registry.register(calls)
        registry.register(self._state)
        self.call: Callable[[str, str, float], None] = calls.add
        """Count a call that ended: its method, the code of its answer, its seconds."""
        self._shed = families.SHED.counter(registry)
        self._expired = families.EXPIRED.counter(registry)
        self._batch_rows = families.BATCH_ROWS.counter(registry)
        self._unknown = families.UNKNOWN_VALUES.counter(registry)
        self._loads = families.MODEL_LOADS.counter(registry)
        self._failures = families.LOAD_FAILURES.counter(registry)
        self._copy_failures = families.COPY_FAILURES.counter(registry)

    def shed(self) -> None:
        """Count a call that was refused because too many ran or waited."""
        self._shed.inc()

    def expired(self) -> None:
        """Count a call for which the model was not asked: its caller no longer waited."""
        self._expired.inc()

    def batch(self, method: str, answered: int, failed: int) -> None:
        """Count the rows of a batch."""
        self._batch_rows.labels(method, "answered").inc(answered)
        self._batch_rows.labels(method, "failed").inc(failed)

    def unknown_value(self, column: str, count: int = 1) -> None:
        """Count values of a column that are not among those the model knows."""
        self._unknown.labels(column).inc(count)

    def loaded(self, model: ReadyModel) -> None:
        """Note the model that serves from now on."""
        self._loads.labels("loaded").inc()
        if not model.has_copy:
            self._copy_failures.inc()
        self._state.model = model

    def load_failed(self, reason: str) -> None:
        """Count a wanted model that cannot serve; `reason` is its error's, of a fixed set."""
        self._loads.labels("failed").inc()
        self._failures.labels(reason).inc()

    def watch_calls(self, in_flight: Callable[[], int]) -> None:
        """Show how many calls run or wait for a thread."""
        self._state.in_flight = in_flight

    def watch_spool(self, spool: SpoolCounts) -> None:
        """Show what the spool has written."""
        self._state.spool = spool
