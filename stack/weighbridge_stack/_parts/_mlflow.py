"""MLflow: records in PostgreSQL, artifacts in S3."""

import sysconfig
from pathlib import Path

from weighbridge_stack._layout import BUCKET, Layout
from weighbridge_stack._parts import _probe
from weighbridge_stack._process import Part
from weighbridge_stack._settings import StackSettings

SWITCHES = {
    # Background jobs serve other uses of MLflow; without them it stops in 1 s, not 12 s.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


def command(settings: StackSettings, artifact_root: str = f"s3://{BUCKET}/") -> list[str]:
    """Return the command line; its database is a variable, since a password is part of it."""
    return [
        str(Path(sysconfig.get_path("scripts")) / "mlflow"),
        "server",
        f"--host={settings.bind}",
        f"--port={settings.mlflow_port}",
        f"--default-artifact-root={artifact_root}",
        "--no-serve-artifacts",
        "--workers=1",
    ]


def part(layout: Layout) -> Part:
    """Return the MLflow server as a part of the stack."""
    return Part(
        name="mlflow",
        title="MLflow",
        port=layout.settings.mlflow_port,
        command=command(layout.settings),
        environment={
            **layout.s3_environment,
            # Not on the command line, which is there for every user of the machine to read.
            "MLFLOW_BACKEND_STORE_URI": layout.database_url("mlflow", "+psycopg"),
            **SWITCHES,
            **_allowed_hosts(layout),
        },
        ready=lambda: _probe.http(f"{layout.tracking_uri}/health"),
    )


def _allowed_hosts(layout: Layout) -> dict[str, str]:
    """Let pods call MLflow by their name for this machine, where the stack is open to them."""
    if layout.settings.bind.startswith("127."):
        return {}
    port = layout.settings.mlflow_port
    names = ("localhost", "127.0.0.1", "host.docker.internal", layout.settings.local)
    return {"MLFLOW_SERVER_ALLOWED_HOSTS": ",".join(f"{name}:{port}" for name in names)}
