"""`weighbridge model register`: an ONNX file becomes a version in the registry."""

from __future__ import annotations

import contextlib
import math
import os
import shlex
from pathlib import Path  # noqa: TC003  # typer reads it
from typing import TYPE_CHECKING, Annotated

import typer

from weighbridge_cli._environment import print_notes
from weighbridge_cli._output import Output, OutputOption, print_json, stderr_console
from weighbridge_cli._records import registration_record
from weighbridge_cli._variables import Variables

if TYPE_CHECKING:
    from weighbridge_training import Registration

# What MLflow's client reads from the environment itself.
_FOR_MLFLOW = (
    "MLFLOW_S3_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
)


def register(
    file: Annotated[Path, typer.Argument(help="The model, one ONNX file.")],
    name: Annotated[str, typer.Option(help="The registered model's name, new or known.")],
    example: Annotated[
        Path, typer.Option(help="Inputs to record an answer for: .json or .npz, a row or two.")
    ],
    score: Annotated[
        str | None, typer.Option(help="The output that is the score: NAME, or NAME[COLUMN].")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="The score from which a row is labelled true.")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="A figure of the training, NAME=NUMBER; repeatable.")
    ] = None,
    alias: Annotated[str | None, typer.Option(help="Let this alias name the version.")] = None,
    description: Annotated[str, typer.Option(help="What the version is, for people.")] = "",
    tolerance: Annotated[
        float,
        typer.Option(min=1e-12, help="How far a server's answer may be from the recorded one."),
    ] = 1e-5,
    output: OutputOption = Output.TEXT,
) -> None:
    """Make an ONNX file a version of a model in MLflow, with a recorded answer to the example."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    variables = Variables.load()
    tracking_uri = variables.require("MLFLOW_TRACKING_URI")
    os.environ.update({key: variables[key] for key in _FOR_MLFLOW if key in variables})
    metrics = dict(map(_figure, metric or []))
    from weighbridge_training import register_model

    with stderr_console().status("running the example, then uploading"):
        made = register_model(
            tracking_uri,
            file,
            name=name,
            example=example,
            score=score,
            threshold=threshold,
            metrics=metrics,
            alias=alias,
            description=description,
            tolerance=tolerance,
        )
    _print_registration(made, output)
    print_notes(made.notes)


def _figure(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    with contextlib.suppress(ValueError):
        if name and math.isfinite(number := float(value)):
            return name, number
    raise typer.BadParameter(f"--metric takes NAME=NUMBER, as in auc=0.91, not {text}")


def _print_registration(made: Registration, output: Output) -> None:
    if output is Output.JSON:
        print_json(registration_record(made))
        return
    version = made.version
    known = "" if version.created else ", registered before"
    typer.echo(f"{made.name} version {version.number}{known}, SHA-256 {version.sha256}")
    typer.echo(f"Takes and gives {made.signature}; the score is {made.score or 'none of it'}")
    typer.echo(f"Bytes: {version.uri}")
    number, name = version.number, shlex.quote(made.name)
    typer.echo(f"Next: weighbridge model pin v{number} --version {number} --model {name}")
