"""Wait until every agent runs a pushed state."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from weighbridge_rollout._agents import AgentState, ask_agents
from weighbridge_rollout._errors import GitError, RefusedError, UnconfirmedError
from weighbridge_rollout._problems import list_problems

if TYPE_CHECKING:
    from weighbridge_ingress import Traffic
    from weighbridge_rollout._clone import Clone
    from weighbridge_rollout._environment import Environment
    from weighbridge_rollout._write import Pushed

_POLL_S = 0.05
_LOOK_AGAIN_S = 1.0


def wait_until_live(
    environment: Environment,
    clone: Clone,
    pushed: Pushed,
    traffic: Traffic,
    timeout_s: float | None,
) -> float | None:
    """Return the seconds from the commit until every agent's Envoy ran it.

    None without a timeout or without agents: then there is nobody to wait for.
    Raise RefusedError as soon as one agent refuses the commit, UnconfirmedError when the time is
    over or a newer commit has taken its place.
    """
    if timeout_s is None or not environment.agents:
        return None
    deadline = time.monotonic() + timeout_s
    clone.stop_at(deadline)
    look_again = time.monotonic() + _LOOK_AGAIN_S
    while True:
        states = ask_agents(environment.agents)
        waiting = [state for state in states if not state.confirms(traffic.revision)]
        now = time.monotonic()
        if not waiting:
            return now - pushed.at
        _raise_if_refused(waiting, pushed)
        if now >= look_again:
            _raise_if_replaced(environment, clone, pushed)
            look_again = time.monotonic() + _LOOK_AGAIN_S
        if now >= deadline:
            raise _unconfirmed(waiting, len(states), pushed, timeout_s)
        time.sleep(_POLL_S)


def _raise_if_refused(states: list[AgentState], pushed: Pushed) -> None:
    for state in states:
        refused = state.report.refused if state.report else None
        # By the text too: other commits may lie on top, and an agent on a mount knows no commit.
        if refused and (refused.source == pushed.commit.sha or refused.digest == pushed.digest):
            head = f"{pushed.commit.short} is in Git, but the agent at {state.url} refused it"
            raise RefusedError(
                f"{list_problems(head, refused.problems)}\n"
                "Calls go on as before. Take it back with `weighbridge rollout undo`",
                pushed.commit,
            )


def _raise_if_replaced(environment: Environment, clone: Clone, pushed: Pushed) -> None:
    try:
        tip = clone.refresh()
        newer = clone.log(environment.traffic_file, f"{pushed.commit.sha}..{tip}", limit=1)
    except GitError:
        return  # the commit is in Git all the same, and whether it is live the agents tell
    if newer:
        raise UnconfirmedError(
            f"{pushed.commit.short} is in Git, but a newer commit took its place before every "
            f"agent had it: {newer[0].commit}",
            pushed.commit,
        )


def _unconfirmed(
    waiting: list[AgentState], total: int, pushed: Pushed, timeout_s: float
) -> UnconfirmedError:
    reasons = "; ".join(f"{state.url} {_excuse(state)}" for state in waiting)
    return UnconfirmedError(
        f"{pushed.commit.short} is in Git, but {len(waiting)} of {total} agents did not confirm it "
        f"within {timeout_s:g} s: {reasons}. It goes live as soon as they can; look with "
        "`weighbridge rollout status`, or take it back with `weighbridge rollout undo`",
        pushed.commit,
    )


def _excuse(state: AgentState) -> str:
    if state.report is None:
        return f"gives no report ({state.unreachable})"
    if state.report.error:
        return f"cannot do its work ({state.report.error})"
    if state.report.refused:
        return list_problems("refused another state", state.report.refused.problems)
    return "is not in step with it yet"
