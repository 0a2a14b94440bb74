"""`weighbridge token`: credentials for pinned calls."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighbridge_cli._duration import parse_duration_s
from weighbridge_cli._variables import Variables

_LONGEST_S = 30 * 86_400

app = typer.Typer(no_args_is_help=True, help="Make credentials for calls pinned to a version.")


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


@app.command()
def key(
    folder: Annotated[
        Path, typer.Argument(help="Where it is made: one that only you can read, outside of Git.")
    ],
    add: Annotated[
        bool, typer.Option("--add", help="Put it beside the keys that are there, to change over.")
    ] = False,
) -> None:
    """Make a key that signs tokens (pin-signing.pem) and the public set for Envoy (jwks.json)."""
    from weighbridge_ingress.tokens import JWKS_FILE, add_signing_key

    key_file = add_signing_key(folder, beside_others=add)
    typer.echo(key_file)
    typer.echo(
        f"Copy {folder / JWKS_FILE} to envoy/traffic/ENVIRONMENT/ and commit it. When every Envoy "
        f"has restarted with it, sign by WEIGHBRIDGE_PIN_KEY={key_file}"
        + (", then take the old key out of the set." if add else "."),
        err=True,
    )
