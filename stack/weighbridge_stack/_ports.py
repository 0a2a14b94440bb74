"""Which part listens on which port, and the variable that changes it."""

from weighbridge_stack._settings import StackSettings

_PORTS = {
    "postgres": ("PostgreSQL", "postgres_port"),
    "s3": ("the S3 server", "s3_port"),
    "mlflow": ("MLflow", "mlflow_port"),
    "server-v6": ("the model server of v6", "v6_port"),
    "server-v7": ("the model server of v7", "v7_port"),
    "agent": ("the agent", "agent_port"),
    "envoy": ("Envoy", "envoy_port"),
}


def listening_parts(settings: StackSettings) -> dict[str, tuple[str, str, int]]:
    """Return part → (what it is in a sentence, its variable, its port)."""
    return {
        name: (title, f"WEIGHBRIDGE_{field.upper()}", getattr(settings, field))
        for name, (title, field) in _PORTS.items()
    }
