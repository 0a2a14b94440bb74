"""Print what a rollout command did, and what was done before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from weighbridge_cli._output import Output, console, plain_table, print_json
from weighbridge_cli._records import change_record, history_record
from weighbridge_rollout import describe_split, format_percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge_ingress import Traffic
    from weighbridge_rollout import Change, Environment, HistoryEntry


def show_change(change: Change, environment: Environment, output: Output) -> None:
    """Print what was written and how soon it was live."""
    if output is Output.JSON:
        print_json(change_record(change))
        return
    for commit in change.undone:
        typer.echo(f"took back {commit}")
    after = describe_split(change.after)
    if change.commit is None:
        typer.echo(f"nothing to change, no commit made: Git says {after} already")
    else:
        typer.echo(f"{describe_split(change.before)} → {after}")
        typer.echo(f"commit {change.commit}")
    typer.echo(_confirmation(change, environment))


def _confirmation(change: Change, environment: Environment) -> str:
    if not change.confirmed_by:
        look = f"weighbridge rollout status{environment.option}"
        return f"no agent was asked to confirm it; look with `{look}`"
    count = len(change.confirmed_by)
    who = "Envoy runs it" if count == 1 else f"all {count} Envoys run it"
    pods = f" ({', '.join(change.confirmed_by)})" if environment.kubernetes else ""
    return f"live{'' if change.live_s is None else f' after {change.live_s:.2f} s'}: {who}{pods}"


def show_history(entries: Sequence[HistoryEntry], output: Output) -> None:
    """Print one line for each commit."""
    if output is Output.JSON:
        print_json([history_record(entry) for entry in entries])
        return
    table = plain_table("when", "who", "commit", "change", "subject")
    for column in table.columns:
        column.no_wrap = column.header in ("when", "commit", "change")
    for entry in entries:
        table.add_row(
            f"{entry.commit.when.astimezone():%Y-%m-%d %H:%M:%S}",
            entry.commit.author,
            entry.commit.short,
            _change(entry.before, entry.after),
            entry.commit.subject,
            style=None if entry.stands else "dim",
        )
    console().print(table)


def _change(before: Traffic | None, after: Traffic | None) -> str:
    """Return "v7 10 % → 25 %", and the versions too where they changed."""
    if before and after and (before.stable, before.canary) == (after.stable, after.canary):
        old, new = format_percent(before.canary_permille), format_percent(after.canary_permille)
        return f"{after.canary} {old} % → {new} %"
    began = describe_split(before) if before else "none"
    return f"{began} → {describe_split(after) if after else 'none valid'}"
