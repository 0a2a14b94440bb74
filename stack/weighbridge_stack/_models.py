"""The models of the first start: trained, registered, pinned; and rows to send to them."""

import subprocess
import sys
from collections.abc import Callable

from weighbridge_rollout import Environment, ObjectStore, pin_model, read_pin
from weighbridge_stack._errors import StartError
from weighbridge_stack._layout import Layout
from weighbridge_stack._process import base_environment
from weighbridge_stack._settings import SERVING_VERSIONS
from weighbridge_training import MODEL_NAME

_SAMPLE_ROWS, _SAMPLE_SEED = 1_000, 20_260


def environment(layout: Layout) -> Environment:
    """Return the stack's one environment as the rollout knows it."""
    return Environment.from_variables(layout.environment)


def are_pinned(layout: Layout) -> bool:
    """Tell whether every served version has its pin in Git."""
    if not layout.repository.exists():
        return False
    return all(read_pin(environment(layout), version) for version in SERVING_VERSIONS)


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
    """Write the pin of every served version into Git."""
    for version in SERVING_VERSIONS:
        pin_model(
            environment(layout),
            version,
            name=MODEL_NAME,
            tracking_uri=layout.tracking_uri,
            store=ObjectStore.from_variables(layout.environment),
            version=version.removeprefix("v"),
        )


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
