"""The parts of a stack: the one list that up, down and status go by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weighbridge_stack._settings import StackSettings, metrics_port_field, port_field


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a part without starting it."""

    name: str
    # As it stands in a sentence.
    title: str
    # The field of StackSettings that holds its port.
    port_field: str | None
    # Parts of a lower number are stopped before those of a higher one: callers before the called,
    # the log's shipper after its writers.
    stop_rank: int

    @property
    def variable(self) -> str:
        """The environment variable that sets its port."""
        return f"WEIGHBRIDGE_{self.port_field}".upper()

    def port(self, settings: StackSettings) -> int | None:
        """Its port, None for a part that listens to nobody."""
        return None if self.port_field is None else int(getattr(settings, self.port_field))


_BEFORE_SERVERS = (
    Entry("postgres", "PostgreSQL", "postgres_port", 3),
    Entry("s3", "the S3 server", "s3_port", 3),
    Entry("mlflow", "MLflow", "mlflow_port", 2),
)
_SERVER_STOP_RANK = 1
_AFTER_SERVERS = (
    Entry("shipper", "the log shipper", None, 2),
    Entry("agent", "the agent", "agent_port", 1),
    Entry("envoy", "Envoy", "envoy_port", 0),
)
_ENVOY_EXTRA_PORTS = (
    Entry("envoy", "Envoy's admin page", "envoy_admin_port", 0),
    Entry("envoy", "Envoy's readiness", "envoy_probe_port", 0),
)


def catalog(versions: Sequence[str]) -> tuple[Entry, ...]:
    """Return every part of a stack that serves these versions."""
    servers = (
        Entry(server_name(one), f"the model server of {one}", port_field(one), _SERVER_STOP_RANK)
        for one in versions
    )
    return (*_BEFORE_SERVERS, *servers, *_AFTER_SERVERS)


def extra_ports(versions: Sequence[str]) -> Mapping[str, tuple[Entry, ...]]:
    """Return what parts listen on besides; taken ports of these would stop the start too."""
    metrics = {
        server_name(one): (
            Entry(
                server_name(one),
                f"the metrics of {one}",
                metrics_port_field(one),
                _SERVER_STOP_RANK,
            ),
        )
        for one in versions
    }
    return {"envoy": _ENVOY_EXTRA_PORTS, **metrics}


def server_name(version: str) -> str:
    """Name the part that serves a version."""
    return f"server-{version}"


def stop_rank(name: str) -> int:
    """Return the rank of a part by its name; one that no catalog has served a version once."""
    ranks = {entry.name: entry.stop_rank for entry in (*_BEFORE_SERVERS, *_AFTER_SERVERS)}
    return ranks.get(name, _SERVER_STOP_RANK)
