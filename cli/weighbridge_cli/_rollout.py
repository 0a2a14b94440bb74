"""`weighbridge rollout`: read, change, take back, list and check the split."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path  # noqa: TC003  # typer reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated

import typer

from weighbridge_cli._output import Output, OutputOption, print_json, stderr_console
from weighbridge_cli._variables import Variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge_rollout import Environment

app = typer.Typer(no_args_is_help=True, help="Change and watch the split between two versions.")

ReasonOption = Annotated[
    str, typer.Option("--reason", "-m", help="Why; stands in the commit's message.")
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", min=0, help="Seconds to wait until every Envoy runs it.")
]
NoWaitOption = Annotated[
    bool, typer.Option("--no-wait", help="Return after the push, without a confirmation.")
]


@app.command()
def status(output: OutputOption = Output.TEXT) -> None:
    """Show what Git says, each Envoy runs and callers got; exit with 1 if they differ."""
    import weighbridge_rollout
    from weighbridge_cli._show import show_status

    found = weighbridge_rollout.status(_environment())
    show_status(found, output)
    if not found.agree:
        raise typer.Exit(1)


@app.command("set")
def set_(
    percent: Annotated[str, typer.Argument(help="The canary's share of calls, 0 to 100.")],
    reason: ReasonOption = "",
    timeout: TimeoutOption = 30.0,
    no_wait: NoWaitOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Give the canary a share of calls, by one commit, and wait until it is live."""
    import weighbridge_rollout
    from weighbridge_cli._show import show_change

    with _writing():
        change = weighbridge_rollout.set_percent(
            _environment(), percent, reason=reason, timeout_s=None if no_wait else timeout
        )
    show_change(change, output)


@app.command()
def undo(
    reason: ReasonOption = "",
    timeout: TimeoutOption = 30.0,
    no_wait: NoWaitOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Go back to the state before the last change, by a new commit; again goes back further."""
    import weighbridge_rollout
    from weighbridge_cli._show import show_change

    with _writing():
        change = weighbridge_rollout.undo(
            _environment(), reason=reason, timeout_s=None if no_wait else timeout
        )
    show_change(change, output)


@app.command()
def history(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many commits.")] = 20,
    output: OutputOption = Output.TEXT,
) -> None:
    """List the commits that changed the split, newest first."""
    import weighbridge_rollout
    from weighbridge_cli._show import show_history

    show_history(weighbridge_rollout.history(_environment(), limit), output)


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


@contextmanager
def _writing() -> Iterator[None]:
    """Show that something goes on, and say after an interrupt what may have been done."""
    screen = stderr_console()
    try:
        with screen.status("committing, then waiting until every Envoy runs it"):
            yield
    except KeyboardInterrupt:
        screen.print("interrupted; it may be in Git already: see `weighbridge rollout history`")
        raise


def _environment() -> Environment:
    from weighbridge_rollout import Environment

    variables = Variables.load()
    variables.require("WEIGHBRIDGE_TRAFFIC_REPO")
    return Environment.from_variables(variables)
