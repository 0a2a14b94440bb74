"""The parts of a stack: the one list that up, down and status go by."""

from dataclasses import dataclass

from weighbridge_stack._settings import StackSettings


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


CATALOG = (
    Entry("postgres", "PostgreSQL", "postgres_port", 3),
    Entry("s3", "the S3 server", "s3_port", 3),
    Entry("mlflow", "MLflow", "mlflow_port", 2),
    Entry("server-v6", "the model server of v6", "v6_port", 1),
    Entry("server-v7", "the model server of v7", "v7_port", 1),
    Entry("shipper", "the log shipper", None, 2),
    Entry("agent", "the agent", "agent_port", 1),
    Entry("envoy", "Envoy", "envoy_port", 0),
)
# Two more ports that Envoy listens on; taken ones would stop it half way too.
EXTRA_PORTS = {
    "envoy": (
        Entry("envoy", "Envoy's admin page", "envoy_admin_port", 0),
        Entry("envoy", "Envoy's readiness", "envoy_probe_port", 0),
    )
}
