"""`weighbridge rollout`: read, change, take back, list and check the split."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads the annotations when it runs
from typing import Annotated

import typer

from weighbridge_cli._environment import (
    EnvironmentOption,
    NoWaitOption,
    ReasonOption,
    choose,
    print_notes,
)
from weighbridge_cli._output import Output, OutputOption, print_json, writing
from weighbridge_cli._variables import Variables

app = typer.Typer(no_args_is_help=True, help="Change and watch the split between two versions.")

TimeoutOption = Annotated[
    float, typer.Option("--timeout", min=0, help="Seconds to wait until every Envoy runs it.")
]


@app.command()
def status(environment: EnvironmentOption = None, output: OutputOption = Output.TEXT) -> None:
    """Show what Git says, each Envoy runs and callers got; exit with 1 if they differ."""
    import weighbridge_rollout
    from weighbridge_cli._show_status import show_status

    found = weighbridge_rollout.status(choose(environment))
    show_status(found, output)
    if not found.agree:
        raise typer.Exit(1)


@app.command("set")
def set_(
    percent: Annotated[str, typer.Argument(help="The canary's share of calls, 0 to 100.")],
    reason: ReasonOption = "",
    timeout: TimeoutOption = 30.0,
    no_wait: NoWaitOption = False,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Give the canary a share of calls, by one commit, and wait until it is live."""
    import weighbridge_rollout
    from weighbridge_cli._show import show_change

    chosen = choose(environment)
    with writing("committing, then waiting until every Envoy runs it"):
        change = weighbridge_rollout.set_percent(
            chosen, percent, reason=reason, timeout_s=None if no_wait else timeout
        )
    show_change(change, chosen, output)
    print_notes(change.notes)


@app.command()
def undo(
    reason: ReasonOption = "",
    timeout: TimeoutOption = 30.0,
    no_wait: NoWaitOption = False,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Go back to the state before the last change, by a new commit; again goes back further."""
    import weighbridge_rollout
    from weighbridge_cli._show import show_change

    chosen = choose(environment)
    with writing("committing, then waiting until every Envoy runs it"):
        change = weighbridge_rollout.undo(
            chosen, reason=reason, timeout_s=None if no_wait else timeout
        )
    show_change(change, chosen, output)
    print_notes(change.notes)


@app.command()
def history(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many commits.")] = 20,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """List the commits that changed the split, newest first."""
    import weighbridge_rollout
    from weighbridge_cli._show import show_history

    show_history(weighbridge_rollout.history(choose(environment), limit), output)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A traffic.yaml.", metavar="FILE")],
    output: OutputOption = Output.TEXT,
) -> None:
    """Check a traffic file by the rules that agents use; exit with 1 if they would refuse it.

    Which versions there are says the bootstrap.yaml of its tree, else the agents, if any answers.
    """
    import weighbridge_rollout

    agents = weighbridge_rollout.Environment.agents_in(Variables.load())
    problems = weighbridge_rollout.check(file, agents)
    if output is Output.JSON:
        print_json([problem._asdict() for problem in problems])
    else:
        for problem in problems:
            typer.echo(str(problem))
        if not problems:
            typer.echo(f"{file}: fine")
    if problems:
        raise typer.Exit(1)
