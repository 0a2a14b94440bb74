"""Every metric of ours: its name, type, labels and meaning. The README's table is made of these."""

from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric, as it is exported."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()

    def counter(self, registry: CollectorRegistry) -> Counter:
        """Make a counter that counts by itself."""
        return Counter(self.name, self.meaning, self.labels, registry=registry)

    def counted(self) -> CounterMetricFamily:
        """Begin what one scrape is told of a counter."""
        return CounterMetricFamily(self.name, self.meaning, labels=self.labels)

    def gauged(self) -> GaugeMetricFamily:
        """Begin what one scrape is told of a gauge."""
        return GaugeMetricFamily(self.name, self.meaning, labels=self.labels)

    def distributed(self) -> HistogramMetricFamily:
        """Begin what one scrape is told of a histogram."""
        return HistogramMetricFamily(self.name, self.meaning, labels=self.labels)


_P = "weighbridge_server_"

CALLS: Final = Family(
    f"{_P}calls_total", "counter", "calls that ended, by the code of the answer", ("method", "code")
)
DURATION: Final = Family(
    f"{_P}call_duration_seconds",
    "histogram",
    "seconds from a call's arrival to its answer, the wait for a thread included",
    ("method",),
)
IN_FLIGHT: Final = Family(f"{_P}calls_in_flight", "gauge", "calls that run or wait for a thread")
SHED: Final = Family(
    f"{_P}calls_shed_total", "counter", "calls refused because too many ran or waited"
)
EXPIRED: Final = Family(
    f"{_P}calls_expired_total",
    "counter",
    "calls whose caller had gone, by deadline or cancellation, before the model was asked",
)
BATCH_ROWS: Final = Family(
    f"{_P}batch_rows_total",
    "counter",
    "rows of batches, by whether they were answered or failed",
    ("method", "outcome"),
)
UNKNOWN_VALUES: Final = Family(
    f"{_P}unknown_values_total",
    "counter",
    "values that the model did not meet in training; they are served",
    ("column",),
)
MODEL_INFO: Final = Family(
    f"{_P}model_info",
    "gauge",
    "1, with the serving model in its labels",
    ("name", "version", "digest", "alias", "mode", "source"),
)
MODEL_LOADED: Final = Family(
    f"{_P}model_loaded_timestamp_seconds",
    "gauge",
    "when the serving model was ready, in seconds since 1970",
)
MODEL_LOADS: Final = Family(
    f"{_P}model_loads_total", "counter", "tries to load a model: loaded or failed", ("outcome",)
)
LOAD_FAILURES: Final = Family(
    f"{_P}model_load_failures_total",
    "counter",
    "failed tries, by what was wrong; the model before goes on serving",
    ("reason",),
)
COPY_FAILURES: Final = Family(
    f"{_P}model_copy_failures_total",
    "counter",
    "models that serve and of which no copy could be kept: a restart will need the store",
)
SPOOL_ROWS: Final = Family(f"{_P}spool_rows_total", "counter", "rows written to the spool")
SPOOL_DROPPED: Final = Family(
    f"{_P}spool_dropped_rows_total", "counter", "rows that the spool could not take"
)
SPOOL_BYTES: Final = Family(f"{_P}spool_bytes_total", "counter", "bytes written to the spool")

FAMILIES: Final = (
    *(CALLS, DURATION, IN_FLIGHT, SHED, EXPIRED, BATCH_ROWS, UNKNOWN_VALUES),
    *(MODEL_INFO, MODEL_LOADED, MODEL_LOADS, LOAD_FAILURES, COPY_FAILURES),
    *(SPOOL_ROWS, SPOOL_DROPPED, SPOOL_BYTES),
)
