"""`weighbridge token`: credentials for pinned calls."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighbridge_cli._duration import parse_duration_s
from weighbridge_cli._variables import Variables

_LONGEST_S = 30 * 86_400

app = typer.Typer(no_args_is_help=True, help="Make credentials for calls pinned to a version.")


@app.callback()
def _group() -> None:
    """Keep `create` a command of its own although it is the only one."""


@app.command()
def create(
    subject: Annotated[str, typer.Option("--for", help="Who will use it; stands in its claims.")],
    ttl: Annotated[
        str, typer.Option("--ttl", help="How long it is valid: 30m, 8h, 7d; 30d at most.")
    ] = "8h",
) -> None:
    """Print a token that lets its bearer choose the version by x-model-version."""
    from weighbridge_ingress.tokens import issue_token

    ttl_s = parse_duration_s(ttl, "--ttl")
    if ttl_s > _LONGEST_S:
        raise typer.BadParameter(
            f"{ttl} is longer than 30d: a token that leaks is good until it expires, and only a "
            "new signing key takes it back",
            param_hint="--ttl",
        )
    key_file = Path(Variables.load().require("WEIGHBRIDGE_PIN_KEY"))
    typer.echo(issue_token(key_file, subject, ttl_s))
    typer.echo(
        f"Valid for {ttl}. Send it as `authorization: Bearer …` with `x-model-version: v7`.",
        err=True,
    )
