"""Compare what Git says, what each Envoy runs, and what callers got."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge_rollout._agents import AgentState, ask_agents, known_versions
from weighbridge_rollout._clone import open_clone
from weighbridge_rollout._errors import InvalidTrafficError
from weighbridge_rollout._interval import binomial_interval
from weighbridge_rollout._message import describe_split, format_percent
from weighbridge_rollout._problems import list_problems
from weighbridge_rollout._trafficfile import parse_traffic

if TYPE_CHECKING:
    from collections.abc import Collection

    from weighbridge_ingress import Traffic
    from weighbridge_rollout._commit import Commit
    from weighbridge_rollout._environment import Environment

# A share is doubted only if chance makes it once in ten thousand looks: status is looked at all
# day, and at 95 % every twentieth look would raise a false alarm.
_DOUBT_CONFIDENCE = 0.9999


@dataclass(frozen=True, slots=True)
class GitState:
    """What the branch says."""

    commit: Commit
    """The last one that changed the traffic file."""
    traffic: Traffic | None
    problem: str | None
    """Why agents refuse the file; None if they do not."""
    problems: tuple[str, ...] = ()
    """Each reason by itself."""


@dataclass(frozen=True, slots=True)
class CountedShare:
    """The canary's share of the calls that Envoy routed by weight since this state began."""

    version: str
    calls: int
    """Of all versions."""
    canary_calls: int
    low: float
    """Lower end of the exact 95 % interval, 0 to 1."""
    high: float
    fits: bool
    """Whether chance explains it, were each call sent on its own; callers who are kept on their
    version are not, so that a misfit is a reason to look and not a difference."""

    @property
    def share(self) -> float:
        return self.canary_calls / self.calls


@dataclass(frozen=True, slots=True)
class Status:
    """The three views of one environment, and where they differ."""

    environment: Environment
    git: GitState
    agents: tuple[AgentState, ...]
    counted: CountedShare | None
    """None if no agent that is in step has counted a call yet."""
    differences: tuple[str, ...]
    """Between Git and the Envoys, one sentence each, with a line for each of several reasons;
    empty if they agree."""

    @property
    def agree(self) -> bool:
        return not self.differences


def status(environment: Environment) -> Status:
    """Read Git and ask every agent; an agent that does not answer is a difference, not an error."""
    agents = ask_agents(environment.agents)
    git = _read_git(environment, known_versions(agents))
    counted = _count(git.traffic, agents)
    differences = (
        *_git_differences(git),
        *(sentence for agent in agents for sentence in _agent_differences(agent, git)),
    )
    return Status(environment, git, agents, counted, differences)


def _read_git(environment: Environment, known: Collection[str] | None) -> GitState:
    with open_clone(environment.repository, environment.branch) as clone:
        text = clone.read(environment.traffic_file)
        commit = clone.log(environment.traffic_file, limit=1)[0].commit
    try:
        return GitState(commit, parse_traffic(text, known), None)
    except InvalidTrafficError as error:
        return GitState(commit, None, str(error), error.problems)


def _count(traffic: Traffic | None, agents: tuple[AgentState, ...]) -> CountedShare | None:
    if traffic is None:
        return None
    routed = [
        agent.report.calls.routed
        for agent in agents
        if agent.report and agent.report.calls and agent.runs(traffic.revision)
    ]
    canary = sum(counts.get(traffic.canary, 0) for counts in routed)
    calls = sum(sum(counts.values()) for counts in routed)
    if not calls:
        return None
    low, high = binomial_interval(canary, calls)
    least, most = binomial_interval(canary, calls, _DOUBT_CONFIDENCE)
    fits = least <= traffic.canary_permille / 1000 <= most
    return CountedShare(traffic.canary, calls, canary, low, high, fits)


def _git_differences(git: GitState) -> list[str]:
    return [] if git.problem is None else [f"Git's newest state cannot go live: {git.problem}"]


def _agent_differences(agent: AgentState, git: GitState) -> list[str]:
    report, traffic = agent.report, git.traffic
    if report is None:
        return [f"the agent at {agent.url} gives no report: {agent.unreachable}"]
    found = []
    if report.error:
        found.append(f"the agent at {agent.url} cannot do its work: {report.error}")
    if report.refused:
        head = f"the agent at {agent.url} refused commit {report.refused.source[:10]}"
        # What Git's own line says is not said again for each agent.
        more = [problem for problem in report.refused.problems if problem not in git.problems]
        found.append(list_problems(head, more) if more else head)
    if report.running is None:
        found.append(f"the agent at {agent.url} knows of no state that its Envoy runs")
    elif traffic is not None and not agent.runs(traffic.revision):
        weights = ", ".join(
            f"{version} {format_percent(weight)} %"
            for version, weight in report.running.weights.items()
        )
        found.append(f"Envoy at {agent.url} runs {weights}; Git says {describe_split(traffic)}")
    elif not report.in_step and not found:
        found.append(f"the agent at {agent.url} says that Envoy is not in step with it")
    return found
