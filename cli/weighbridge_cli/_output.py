"""Print for people, and for programs."""

from __future__ import annotations

import dataclasses
import json
import sys
import textwrap
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

# A pipe has no width: nothing may be cut off there.
_PIPE_WIDTH = 400


class Output(StrEnum):
    """How a result is printed."""

    TEXT = "text"
    JSON = "json"


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="Print for people, or as JSON for programs.")
]


def console() -> Console:
    """Return a console on stdout that never wraps what goes into a pipe."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    return Console(width=width, highlight=False, markup=False, soft_wrap=True)


def stderr_console() -> Console:
    """Return a console for what is not the result: progress and notes."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Show that something goes on, and say after an interrupt what may have been done."""
    screen = stderr_console()
    try:
        with screen.status(what):
            yield
    except KeyboardInterrupt:
        screen.print("interrupted; it may be in Git already: look at the newest commits there")
        raise


def print_indented(out: Console, text: str) -> None:
    """Print sentences below a heading; on a screen their further lines are indented once more."""
    for line in text.splitlines():
        # Names of images and addresses stay in one piece, so that they can be copied.
        filled = textwrap.fill(
            line,
            out.width if out.is_terminal else len(line) + len("  "),
            initial_indent="  ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        out.print(filled)


def plain_table(*headers: str) -> Table:
    """Return a table without lines, whose text can be selected and searched."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        table.add_column(header, overflow="fold")
    return table


def print_json(value: object) -> None:
    """Print a value of `plain` things as JSON."""
    typer.echo(json.dumps(plain(value), indent=2, ensure_ascii=False))


def plain(value: object) -> object:
    """Turn a value into what JSON knows; TypeError for a type whose form is not decided."""
    if dataclasses.is_dataclass(value):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):  # bool is an int
        return value
    raise TypeError(f"no JSON form is decided for {type(value).__name__}: add one here")


def percent(share: float) -> str:
    """Return "9.6 %" for 0.096."""
    return f"{share * 100:.1f} %"
