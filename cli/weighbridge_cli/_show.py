"""Print what a rollout command found or did."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import typer

from weighbridge_cli._output import Output, console, percent, plain_table, print_json
from weighbridge_cli._records import change_record, history_record, status_record
from weighbridge_rollout import describe_split, format_percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge_rollout import AgentState, Change, CountedShare, HistoryEntry, Status


def show_status(status: Status, output: Output) -> None:
    """Print the three views side by side, then where they differ."""
    if output is Output.JSON:
        print_json(status_record(status))
        return
    environment, git = status.environment, status.git
    table = plain_table("", "split", "by")
    table.show_header = False
    table.add_row("Git", describe_split(git.traffic), str(git.commit))
    for agent in status.agents:
        table.add_row("Envoy", *_running(agent))
    if not status.agents:
        table.add_row("Envoy", "not asked", "WEIGHBRIDGE_AGENTS names no agent")
    table.add_row("Counted", *_counted(status.counted))
    out = console()
    out.print(f"{environment.name}: {environment.path} on {environment.place}\n")
    out.print(table)
    out.print()
    if status.agree:
        doubt = status.counted is not None and not status.counted.fits
        out.print(_agreement(status), style="yellow" if doubt else "green")
    else:
        out.print("They differ:", style="bold red")
        for difference in status.differences:
            out.print(textwrap.indent(difference, "  "))


def show_change(change: Change, output: Output) -> None:
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
    typer.echo(_confirmation(change))


def _confirmation(change: Change) -> str:
    if not change.confirmed_by:
        return "no agent was asked to confirm it; look with `weighbridge rollout status`"
    count = len(change.confirmed_by)
    who = "Envoy runs it" if count == 1 else f"all {count} Envoys run it"
    return f"live{'' if change.live_s is None else f' after {change.live_s:.2f} s'}: {who}"


def show_history(entries: Sequence[HistoryEntry], output: Output) -> None:
    """Print one line for each commit."""
    if output is Output.JSON:
        print_json([history_record(entry) for entry in entries])
        return
    table = plain_table("when", "who", "commit", "before", "after", "subject")
    for entry in entries:
        table.add_row(
            f"{entry.commit.when.astimezone():%Y-%m-%d %H:%M:%S}",
            entry.commit.author,
            entry.commit.short,
            describe_split(entry.before) if entry.before else "none",
            describe_split(entry.after) if entry.after else "none valid",
            entry.commit.subject,
            style=None if entry.stands else "dim",
        )
    console().print(table)


def _running(agent: AgentState) -> tuple[str, str]:
    if agent.report is None:
        return "unknown", f"{agent.url}: {agent.unreachable}"
    running = agent.report.running
    if running is None:
        return "unknown", f"{agent.url}: Envoy runs no known state"
    *stable, canary = running.weights
    split = f"{canary} {format_percent(running.weights[canary])} % beside {', '.join(stable)}"
    step = "in step" if agent.report.in_step else "not in step"
    return split, f"{agent.url}, {step}, since {running.since}"


def _counted(counted: CountedShare | None) -> tuple[str, str]:
    if counted is None:
        return "no calls yet", "since this state began"
    return (
        f"{counted.version} {percent(counted.share)}",
        f"of {counted.calls:,} calls; 95 % interval {percent(counted.low)} to "
        f"{percent(counted.high)}",
    )


def _agreement(status: Status) -> str:
    if not status.agents:
        return "Git's state is valid; nothing else was asked."
    if status.counted is None:
        return "Git and Envoy agree; no call has been counted yet."
    if not status.counted.fits:
        return (
            "Git and Envoy agree; chance alone does not explain the counted share. "
            "Callers who are kept on their version (x-user-id) do; if there are none, look closer."
        )
    return "Git, Envoy and the counted calls agree."
