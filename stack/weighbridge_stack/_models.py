"""The models of the first start: trained, registered, pinned; and rows to send to them."""

import os
import subprocess
import sys
from collections.abc import Callable

from weighbridge_rollout import Environment, ObjectStore, pin_model, read_pin
from weighbridge_stack._errors import StartError
from weighbridge_stack._layout import Layout
from weighbridge_stack._process import base_environment
from weighbridge_stack._settings import version_number
from weighbridge_training import MODEL_NAME

_SAMPLE_ROWS, _SAMPLE_SEED = 1_000, 20_260


def pin_of(layout: Layout, version: str) -> dict[str, str] | None:
    """Return a version's pin as the variables of its server; None if Git holds none."""
    if not layout.repository.exists():
        return None
    pin = read_pin(_environment(layout), version)
    # One whose values are empty waits for its model.
    return pin if pin and all(pin.values()) else None


def pinned(layout: Layout) -> list[str]:
    """Return the served versions that have a pin; none before the first start has written some."""
    return [version for version in layout.versions if pin_of(layout, version)]


def register(layout: Layout, say: Callable[[str], None]) -> None:
    """Train and register the versions that the registry lacks, a line for each to `say`."""
    settings = layout.settings
    arguments = ["--tracking-uri", layout.tracking_uri]
    if settings.training_rows:
        arguments += ["--rows", str(settings.training_rows)]
    if settings.training_data:
        arguments += ["--data", str(settings.training_data.resolve())]
    _training(layout, arguments, say)


def write_sample(layout: Layout) -> None:
    """Write a file of rows to try the stack with."""
    layout.sample.parent.mkdir(parents=True, exist_ok=True)
    size = ["--rows", str(_SAMPLE_ROWS), "--seed", str(_SAMPLE_SEED)]
    _training(layout, ["--save-data", str(layout.sample), *size], lambda _: None)


def pin(layout: Layout) -> None:
    """Write the pin of every served version that the registry has into Git."""
    registered = _registered(layout)
    for version in layout.versions:
        if version_number(version) in registered:
            pin_model(
                _environment(layout),
                version,
                name=MODEL_NAME,
                tracking_uri=layout.tracking_uri,
                store=ObjectStore.from_variables(layout.environment),
                version=str(version_number(version)),
            )


def _environment(layout: Layout) -> Environment:
    """Return the stack's one environment as the rollout knows it."""
    return Environment.from_variables(layout.environment)


def _registered(layout: Layout) -> set[int]:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow import MlflowClient  # two seconds that only the first start needs

    client = MlflowClient(layout.tracking_uri, layout.tracking_uri)
    return {int(one.version) for one in client.search_model_versions(f"name='{MODEL_NAME}'")}


def _training(layout: Layout, arguments: list[str], say: Callable[[str], None]) -> None:
    # A process of its own: what training and MLflow load is gone again when the servers start.
    with subprocess.Popen(
        [sys.executable, "-m", "weighbridge_training", *arguments],
        env={**base_environment(), **layout.s3_environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        lines: list[str] = []
        for line in process.stdout or ():
            lines.append(line.rstrip())
            say(lines[-1])
    if process.returncode:
        raise StartError("Training failed:\n" + "\n".join(f"  {line}" for line in lines[-15:]))
