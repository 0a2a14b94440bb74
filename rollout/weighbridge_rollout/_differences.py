"""Say where Git and the Envoys differ, one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge_rollout._message import describe_split, format_percent
from weighbridge_rollout._problems import list_problems

if TYPE_CHECKING:
    from weighbridge_ingress import Refused
    from weighbridge_rollout._agents import AgentState
    from weighbridge_rollout._status import GitState


def git_differences(git: GitState) -> list[str]:
    """Say why Git's state cannot go live, if it cannot."""
    return [] if git.problem is None else [f"Git's newest state cannot go live: {git.problem}"]


def agent_differences(agent: AgentState, git: GitState) -> list[str]:
    """Say in what one agent's Envoy is not as Git says."""
    report, traffic, who = agent.report, git.traffic, agent.title
    found = [f"{who} is not ready: {agent.not_ready}"] if agent.not_ready else []
    if report is None:
        # Of a pod that is not ready this says nothing more.
        return found or [f"{who} gives no report: {agent.unreachable}"]
    if report.error:
        found.append(f"{who} cannot do its work: {report.error}")
    if report.refused:
        # What Git's own line says is not said again for each agent.
        more = [problem for problem in report.refused.problems if problem not in git.problems]
        head = f"{who} refused {_name(report.refused, git)}"
        found.append(list_problems(head, more) if more else head)
    if report.running is None:
        found.append(f"{who} knows of no state that its Envoy runs")
    elif traffic is not None and not agent.runs(traffic.revision):
        weights = ", ".join(
            f"{version} {format_percent(weight)} %"
            for version, weight in report.running.weights.items()
        )
        found.append(f"Envoy of {who} runs {weights}; Git says {describe_split(traffic)}")
    elif not report.in_step and not found:
        found.append(f"{who} says that Envoy is not in step with it")
    return found


def _name(refused: Refused, git: GitState) -> str:
    """Name a refused state by its commit where that is known, else as the agent does."""
    if "/" not in refused.source:
        return f"commit {refused.source[:10]}"
    return f"commit {git.commit.short}" if refused.digest == git.digest else refused.source
