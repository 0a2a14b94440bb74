"""The tree of commands."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer

from weighbridge_cli import _env, _image, _model, _predict, _predictions, _rollout, _token

_HELP = """Move live calls between two versions of a model by Git commits, and see what they get.

Addresses come from environment variables, and where one is unset from the nearest
.weighbridge/env above the working directory, which `make up` writes. Other environments
(kind, staging, production) are described in environments.yaml and chosen with -e.
"""

app = typer.Typer(
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(_rollout.app, name="rollout")
app.add_typer(_model.app, name="model")
app.add_typer(_image.app, name="image")
app.add_typer(_token.app, name="token")
app.command("predict")(_predict.predict)
app.command("predictions")(_predictions.predictions)
app.command("env")(_env.env)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(metadata.version("weighbridge-cli"))
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass
