"""`weighbridge model`: models in the registry, and which of them a version label stands for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from weighbridge_cli import _register
from weighbridge_cli._environment import (
    EnvironmentOption,
    NoWaitOption,
    SyncTimeoutOption,
    choose,
    print_notes,
)
from weighbridge_cli._output import Output, OutputOption, print_json, writing
from weighbridge_cli._records import pin_record
from weighbridge_cli._variables import Variables
from weighbridge_training import MODEL_NAME

if TYPE_CHECKING:
    from weighbridge_rollout import Pin

app = typer.Typer(
    no_args_is_help=True, help="Register models, pin versions to them, and show them."
)
app.command("register")(_register.register)


@app.command()
def pin(
    label: Annotated[str, typer.Argument(help="The version's label: “v” and its number.")],
    version: Annotated[str | None, typer.Option(help="The registry's version.")] = None,
    alias: Annotated[
        str | None, typer.Option(help="Or an alias, as in --alias experiment.")
    ] = None,
    model: Annotated[str, typer.Option(help="The registered model's name.")] = MODEL_NAME,
    timeout: SyncTimeoutOption = 30.0,
    no_wait: NoWaitOption = False,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Resolve a model in MLflow, verify its bytes, and write them down in Git."""
    if (version is None) == (alias is None):
        raise typer.BadParameter("give either --version or --alias")
    # A command line has no use for the registry client's usage statistics.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from weighbridge_rollout import ObjectStore, pin_model

    variables = Variables.load()
    chosen, tracking_uri = choose(environment), variables.require("MLFLOW_TRACKING_URI")
    with writing("reading the model's bytes, then committing"):
        result = pin_model(
            chosen,
            label,
            name=model,
            tracking_uri=tracking_uri,
            store=ObjectStore.from_variables(variables),
            version=version,
            alias=alias,
            timeout_s=None if no_wait else timeout,
        )
    _print_pin(result, output)
    print_notes(result.notes)


def _print_pin(result: Pin, output: Output) -> None:
    if output is Output.JSON:
        print_json(pin_record(result))
        return
    pinned = result.model
    typer.echo(f"{result.label} is {pinned.name} {pinned.version}, SHA-256 {pinned.sha256}")
    typer.echo(f"Bytes read and verified: {pinned.uri}")
    if result.commit is None:
        typer.echo(f"{result.path} says so already; no commit made.")
    else:
        typer.echo(f"Commit {result.commit}")
    if result.synced_s is not None:
        typer.echo(f"Applied by Argo CD after {result.synced_s:.2f} s")


@app.command()
def show(
    pin: Annotated[str | None, typer.Option(help="Ask this version, as in --pin v7.")] = None,
    token: Annotated[
        str | None, typer.Option(envvar="WEIGHBRIDGE_TOKEN", help="Credential for --pin.")
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show the model that answers calls: bytes, threshold, metrics."""
    from weighbridge import Client
    from weighbridge_cli._credential import credential
    from weighbridge_cli._output import console, plain_table

    target = Variables.load().require("WEIGHBRIDGE_TARGET")
    with credential(pin, token), Client(target, pin=pin, token=token) as client:
        model = client.model()
    if output is Output.JSON:
        print_json(model)
        return
    table = plain_table("", "")
    table.show_header = False
    table.add_row("answered by", model.served_version or "unknown")
    table.add_row("model", f"{model.model.name} {model.model.version}")
    table.add_row("bytes", model.model.digest)
    table.add_row("from", model.uri)
    table.add_row("read from", model.source or "unknown")
    table.add_row("chosen by", f"alias {model.alias}" if model.alias else model.mode or "unknown")
    table.add_row("training run", model.run_id or "unknown")
    table.add_row("loaded", f"{model.loaded_time:%Y-%m-%d %H:%M:%S} UTC")
    threshold = model.threshold
    table.add_row("threshold", "none" if threshold is None else f"{threshold:g}")
    for name, value in sorted(model.training_metrics.items()):
        table.add_row(name, f"{value:.4g}")
    if failure := model.last_error:
        wanted = f"version {failure.version}" if failure.version else "a newer model"
        tries = f"{failure.attempts} tries, last {failure.failed_time:%Y-%m-%d %H:%M:%S} UTC"
        table.add_row("not served", f"{wanted} ({failure.reason}, {tries}): {failure.description}")
    console().print(table)
