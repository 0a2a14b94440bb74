"""The environment a command works on: the options for it, the choice, and notes about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from weighbridge_cli._variables import Variables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weighbridge_rollout import Environment

EnvironmentOption = Annotated[
    str | None,
    typer.Option(
        "--environment",
        "-e",
        metavar="NAME",
        help="One of environments.yaml; else WEIGHBRIDGE_ENVIRONMENT, else what `make up` started.",
    ),
]
NoWaitOption = Annotated[
    bool, typer.Option("--no-wait", help="Return after the push, without a confirmation.")
]
ReasonOption = Annotated[
    str, typer.Option("--reason", "-m", help="Why; stands in the commit's message.")
]
SyncTimeoutOption = Annotated[
    float, typer.Option("--timeout", min=0, help="Seconds to wait until Argo CD has applied it.")
]

_HINT = "name an environment of environments.yaml with -e"


def choose(name: str | None) -> Environment:
    """Return the environment that is meant; MissingSettingError if none is described anywhere."""
    from weighbridge_rollout import choose_environment

    variables = Variables.load()
    if not (name or variables.get("WEIGHBRIDGE_ENVIRONMENT")):
        variables.require("WEIGHBRIDGE_TRAFFIC_REPO", or_else=_HINT)
    return choose_environment(variables, name).environment


def print_notes(notes: Iterable[str]) -> None:
    """Say what stops nothing, beside the result."""
    for note in notes:
        typer.echo(f"note: {note}", err=True)
