"""Print what `rollout status` found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge_cli._output import (
    Output,
    console,
    percent,
    plain_table,
    print_indented,
    print_json,
)
from weighbridge_cli._records import status_record
from weighbridge_rollout import describe_split, format_percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge_rollout import (
        AgentState,
        ApplicationState,
        ArgoCdView,
        CountedShare,
        Status,
    )

_Row = tuple[str, str, str]


def show_status(status: Status, output: Output) -> None:
    """Print the views side by side, then where they differ."""
    if output is Output.JSON:
        print_json(status_record(status))
        return
    table = plain_table("", "", "")
    table.show_header = False
    for row in _rows(status):
        table.add_row(*row)
    environment, out = status.environment, console()
    out.print(f"{environment.name}: {environment.path} on {environment.place}\n")
    out.print(table)
    out.print()
    if status.waiting:
        out.print("Not ready, so that calls go past them:", style="yellow")
        for pod in status.waiting:
            print_indented(out, f"{pod.name}: {pod.not_ready}")
        out.print()
    if status.agree:
        doubt = status.counted is not None and not status.counted.fits
        out.print(_agreement(status), style="yellow" if doubt else "green")
    else:
        out.print("They differ:", style="bold red")
        for difference in status.differences:
            print_indented(out, difference)


def _rows(status: Status) -> Iterator[_Row]:
    """Go the way of a commit: Git, Argo CD, each Envoy, the calls."""
    yield "Git", describe_split(status.git.traffic), str(status.git.commit)
    if status.argocd:
        yield "Argo CD", *_applied(status.argocd)
    for agent in status.agents:
        yield "Envoy", *_running(agent)
    if not status.agents:
        why = "see below" if status.unasked else "the environment names no agent"
        yield "Envoy", "not asked", why
    yield "Counted", *_counted(status.counted)


def _applied(view: ArgoCdView) -> tuple[str, str]:
    state = view.state
    if state is None:
        return "unknown", f"Application {view.place}"
    commit = state.revision[:10] if state.revision else "no commit"
    return f"{state.sync}, {state.health}", f"Application {view.place} at {commit}{_syncing(state)}"


def _syncing(state: ApplicationState) -> str:
    operation = state.operation
    if operation is None or state.sync == "Synced":
        return ""
    if operation.retrying:
        return f"; its sync fails, retry {operation.retries}"
    return f"; its sync is {operation.phase.lower()}" if operation.phase == "Running" else ""


def _running(agent: AgentState) -> tuple[str, str]:
    report = agent.report
    if report is None:
        return "unknown", f"{agent.name}: {'not ready' if agent.not_ready else 'no report'}"
    running = report.running
    if running is None:
        return "unknown", f"{agent.name}: Envoy runs no known state"
    *stable, canary = running.weights
    split = f"{canary} {format_percent(running.weights[canary])} % beside {', '.join(stable)}"
    step = "in step" if report.in_step else "not in step"
    ready = ", not ready" if agent.not_ready else ""
    since = running.since[:19].replace("T", " ")
    return split, f"{agent.name}, {step}{ready}, since {since} UTC"


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
    who = "Git, Argo CD and Envoy" if status.argocd else "Git and Envoy"
    if status.counted is None:
        return f"{who} agree; no call has been counted yet."
    if not status.counted.fits:
        return (
            f"{who} agree; chance alone does not explain the counted share. "
            "Callers who are kept on their version (x-user-id) do; if there are none, look closer."
        )
    return f"{who.replace(' and ', ', ')} and the counted calls agree."
