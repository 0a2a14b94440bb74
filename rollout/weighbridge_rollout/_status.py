"""Compare what Git says, what each Envoy runs, and what callers got."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge_ingress import traffic_digest
from weighbridge_rollout._agents import AgentState, known_versions
from weighbridge_rollout._clone import open_clone
from weighbridge_rollout._differences import agent_differences, git_differences
from weighbridge_rollout._errors import ClusterError, InvalidTrafficError, SettingsError
from weighbridge_rollout._holding import Holding
from weighbridge_rollout._interval import binomial_interval
from weighbridge_rollout._site import open_site
from weighbridge_rollout._trafficfile import parse_traffic
from weighbridge_rollout._whereabouts import missing, obstacle, say_unasked

if TYPE_CHECKING:
    from collections.abc import Collection

    from weighbridge_ingress import Traffic
    from weighbridge_rollout._application import ApplicationState
    from weighbridge_rollout._clone import Clone
    from weighbridge_rollout._commit import Commit
    from weighbridge_rollout._environment import ArgoApplication, Environment
    from weighbridge_rollout._pods import Pod
    from weighbridge_rollout._site import Site

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
    digest: str = ""
    """By which an agent names this state if it refuses it."""


@dataclass(frozen=True, slots=True)
class ArgoCdView:
    """What Argo CD has made of Git's commit."""

    place: ArgoApplication
    state: ApplicationState | None
    """None if there is no such Application, or it cannot be asked."""
    sees_commit: bool
    """Whether it has looked at a state with Git's commit in it."""
    obstacle: str | None
    """What keeps Git's commit from being applied; None if nothing does."""
    unasked: str | None = None
    """Why Argo CD could not be asked; None if it could."""


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
    """The views of one environment, and where they differ."""

    environment: Environment
    git: GitState
    argocd: ArgoCdView | None
    """None where agents read Git themselves."""
    agents: tuple[AgentState, ...]
    unasked: str | None
    """Why no agent could be asked; None if they were, or if the environment has none."""
    counted: CountedShare | None
    """None if no agent that is in step has counted a call yet."""
    waiting: tuple[Pod, ...]
    """Pods of the model servers and the like that are not ready: calls go past them."""
    differences: tuple[str, ...]
    """Between Git and the Envoys, one sentence each, with a line for each of several reasons;
    empty if they agree."""

    @property
    def agree(self) -> bool:
        return not self.differences


def status(environment: Environment) -> Status:
    """Read Git, ask Argo CD and every agent; who does not answer is a difference, not an error."""
    with open_site(environment) as site:
        agents, unasked = _ask(site)
        with open_clone(environment) as clone:
            git = _read_git(clone, known_versions(agents))
            argocd = _look(site, clone, git.commit)
        waiting = () if unasked else _waiting(site, agents)
    differences = (
        *git_differences(git),
        *([argocd.obstacle] if argocd and argocd.obstacle else []),
        *say_unasked(argocd.unasked if argocd else None, unasked),
        *(sentence for agent in agents for sentence in agent_differences(agent, git)),
    )
    counted = _count(git.traffic, agents)
    return Status(environment, git, argocd, agents, unasked, counted, waiting, differences)


def _ask(site: Site) -> tuple[tuple[AgentState, ...], str | None]:
    try:
        return site.ask(), None
    except (ClusterError, SettingsError) as error:
        return (), str(error)


def _waiting(site: Site, agents: tuple[AgentState, ...]) -> tuple[Pod, ...]:
    """Return the pods that are not ready, but for the agents', who tell for themselves."""
    try:
        pods = site.waiting_pods()
    except ClusterError:  # nothing hangs on it, and the agents could be asked a moment ago
        return ()
    asked = {agent.name for agent in agents}
    return tuple(pod for pod in pods if pod.name not in asked)


def _read_git(clone: Clone, known: Collection[str] | None) -> GitState:
    path = clone.environment.traffic_file
    text = clone.read(path)
    commit = clone.log(path, limit=1)[0].commit
    digest = traffic_digest(text)
    try:
        return GitState(commit, parse_traffic(text, known), None, (), digest)
    except InvalidTrafficError as error:
        return GitState(commit, None, str(error), error.problems, digest)


def _look(site: Site, clone: Clone, commit: Commit) -> ArgoCdView | None:
    place, holds = site.environment.argocd, Holding(clone, commit.sha)
    if place is None:
        return None
    try:
        argocd = site.argocd()
        state = argocd.look() if argocd else None
    except (ClusterError, SettingsError) as error:
        return ArgoCdView(place, None, False, None, str(error))
    if state is None:
        return ArgoCdView(place, None, False, missing(place))
    return ArgoCdView(place, state, state.sees(holds), obstacle(place, state, commit.short, holds))


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
