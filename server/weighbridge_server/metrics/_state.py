"""What is not counted but looked up when somebody asks."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from weighbridge_server.metrics import _families as families

if TYPE_CHECKING:
    from weighbridge_server.models import ReadyModel


class SpoolCounts(Protocol):
    """What the prediction log's spool tells of itself."""

    @property
    def appended_rows(self) -> int:
        """Return how many rows it has written."""

    @property
    def dropped_rows(self) -> int:
        """Return how many it could not write."""

    @property
    def appended_bytes(self) -> int:
        """Return how many bytes it has written."""


class State(Collector):
    """Shows a server's state as it is at a scrape."""

    def __init__(self) -> None:
        self.in_flight: Callable[[], int] = lambda: 0
        self.spool: SpoolCounts | None = None
        self.model: ReadyModel | None = None

    def collect(self) -> Iterator[Metric]:
        """Read the state of this moment."""
        in_flight = families.IN_FLIGHT.gauged()
        in_flight.add_metric([], self.in_flight())
        yield in_flight
        yield from self._tell_model()
        yield from self._tell_spool()

    def _tell_model(self) -> Iterator[Metric]:
        info, loaded = families.MODEL_INFO.gauged(), families.MODEL_LOADED.gauged()
        # One look: another model takes its place between two scrapes, never within one.
        if model := self.model:
            pin = model.pin
            alias = pin.alias or ""
            source = model.source.value
            info.add_metric([pin.name, pin.version, pin.digest, alias, pin.mode, source], 1)
            loaded.add_metric([], model.loaded_at.timestamp())
        yield info
        yield loaded

    def _tell_spool(self) -> Iterator[Metric]:
        spool = self.spool
        for family, count in (
            (families.SPOOL_ROWS, spool.appended_rows if spool else 0),
            (families.SPOOL_DROPPED, spool.dropped_rows if spool else 0),
            (families.SPOOL_BYTES, spool.appended_bytes if spool else 0),
        ):
            metric = family.counted()
            metric.add_metric([], count)
            yield metric
