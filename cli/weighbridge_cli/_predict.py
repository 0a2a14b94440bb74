"""`weighbridge predict`: send the rows of a file, and see which version answers how fast."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weighbridge_cli._output import Output, OutputOption, stderr_console
from weighbridge_cli._variables import Variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from weighbridge import Client
    from weighbridge_cli._replay import Outcome

_FIRST_ANSWER_S = 5.0
_DEFAULT_OUT = Path("predictions.csv")


def predict(
    file: Annotated[Path, typer.Argument(help="A CSV with the dataset's columns.", metavar="FILE")],
    repeat: Annotated[int, typer.Option(min=1, help="Send the file so many times.")] = 1,
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="Calls a second at most; as fast as it goes.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Calls under way at once.")] = 8,
    user_column: Annotated[
        str | None, typer.Option(help="Column that names the caller, who then keeps a version.")
    ] = None,
    pin: Annotated[
        str | None, typer.Option(help="Ask one version, as in --pin v7; needs a token.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(envvar="WEIGHBRIDGE_TOKEN", help="From `weighbridge token create`."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where one line for each call goes.")] = _DEFAULT_OUT,
    output: OutputOption = Output.TEXT,
) -> None:
    """Send each row as one call, and show shares, latencies and errors; 1 if a call failed."""
    target = Variables.load().require("WEIGHBRIDGE_TARGET")
    from weighbridge import Client
    from weighbridge_cli._credential import credential
    from weighbridge_cli._errors import CliError
    from weighbridge_cli._replay import Replay
    from weighbridge_cli._results import check_writable, open_results
    from weighbridge_cli._rows import read_calls
    from weighbridge_cli._summary import show_summary, summarise

    check_writable(out, file)
    calls = read_calls(file, repeat=repeat, user_column=user_column)
    with credential(pin, token), Client(target, pin=pin, token=token) as client:
        _check_answers(client, target)
        with open_results(out) as write, _progress(len(calls), write) as on_outcome:
            started = time.monotonic()
            replay = Replay(
                client, calls, concurrency=concurrency, rate=rate, on_outcome=on_outcome
            )
            outcomes = replay.run()
            duration_s = time.monotonic() - started
    summary = summarise(outcomes, duration_s, str(out))
    show_summary(summary, output)
    if left := len(calls) - len(outcomes):
        why = f"nothing answers at {target} any more" if replay.gave_up else "interrupted"
        raise CliError(f"{why}: stopped with {left:,} of {len(calls):,} calls not made")
    if summary.failed:
        raise typer.Exit(1)


def _check_answers(client: Client, target: str) -> None:
    """Ask once for the model, so that a stack that is down is said once and not for each row."""
    from weighbridge import DeadlineExceeded, Unavailable
    from weighbridge_cli._errors import CliError

    try:
        client.model(timeout_s=_FIRST_ANSWER_S)
    except (DeadlineExceeded, Unavailable) as error:
        raise CliError(
            f"no model answers at {target}; `make up` starts what is down.\n{error}"
        ) from error


@contextmanager
def _progress(total: int, write: Callable[[Outcome], None]) -> Iterator[Callable[[Outcome], None]]:
    """Pass outcomes on, and show a line on a terminal while it runs; nothing anywhere else."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    served: Counter[str] = Counter()
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    screen = stderr_console()
    with Progress(
        *columns, console=screen, transient=True, disable=not screen.is_terminal
    ) as progress:
        task = progress.add_task("", total=total)

        def on_outcome(outcome: Outcome) -> None:
            write(outcome)
            served[outcome.served_version or outcome.code] += 1
            done = served.total()
            shares = (f"{name} {count / done:.1%}" for name, count in sorted(served.items()))
            progress.update(task, completed=done, description="  ".join(shares))

        yield on_outcome
