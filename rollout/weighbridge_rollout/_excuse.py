"""Say why an agent does not confirm a state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge_ingress import Traffic, TrafficError
from weighbridge_rollout._message import describe_split
from weighbridge_rollout._problems import list_problems

if TYPE_CHECKING:
    from weighbridge_ingress import Wanted
    from weighbridge_rollout._agents import AgentState


def excuse(state: AgentState, revision: str) -> str:
    """Name the agent and how far the state is with it: the pod, the agent, or its Envoy."""
    report = state.report
    if state.not_ready and not state.runs(revision):
        return f"{state.title} is not ready: {state.not_ready}"
    if state.not_ready:
        return f"{state.title} runs it, but is not ready: {state.not_ready}"
    if report is None:
        return f"{state.title} gives no report ({state.unreachable})"
    if report.error:
        return f"{state.title} cannot do its work ({report.error})"
    if report.refused:
        return list_problems(f"{state.title} refused another state", report.refused.problems)
    wanted = report.wanted
    if wanted is not None and wanted.revision != revision:
        return f"{state.title} has not seen it yet: it has {_describe(wanted)}"
    return f"{state.title} has seen it, but is not in step with it yet"


def _describe(wanted: Wanted) -> str:
    try:
        split = describe_split(Traffic.from_data(wanted.traffic))
    except TrafficError:
        split = wanted.revision
    return f"{split} ({wanted.source})" if wanted.source else split
