"""Wait until a pushed commit has taken effect."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge_rollout._commit_watch import CommitWatch
from weighbridge_rollout._errors import (
    ClusterError,
    GitError,
    RefusedError,
    SettingsError,
    UnconfirmedError,
)
from weighbridge_rollout._excuse import excuse
from weighbridge_rollout._problems import list_problems
from weighbridge_rollout._whereabouts import say_unasked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge_ingress import Traffic
    from weighbridge_rollout._agents import AgentState
    from weighbridge_rollout._clone import Clone
    from weighbridge_rollout._site import Site
    from weighbridge_rollout._write import Pushed

CONFIRM_TIMEOUT_S = 30.0

_POLL_S = 0.05
_POLL_CLUSTER_S = 0.1  # each is one list of pods, and one question for each of them
_LOOK_AGAIN_S = 1.0
_TRAFFIC = "traffic"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What became of a commit."""

    agents: tuple[str, ...] = ()
    """Those that run it."""
    live_s: float | None = None
    """Seconds from the commit until it had taken effect; None if nobody was waited for."""
    notes: tuple[str, ...] = ()


def wait_until_live(
    site: Site, clone: Clone, pushed: Pushed, traffic: Traffic, timeout_s: float | None
) -> Confirmation:
    """Ask Argo CD to look at Git, and return when every agent's Envoy runs the commit.

    Without a timeout or without agents there is nobody to wait for.
    Raise RefusedError as soon as an agent or Argo CD refuses the commit, UnconfirmedError when the
    time is over or a newer commit has taken its place; nothing else, since the commit is in Git.
    """
    watch = CommitWatch(site, clone, pushed, _TRAFFIC)
    watch.ask_to_look()
    if timeout_s is None or not site.has_agents:
        return Confirmation(notes=watch.notes)
    deadline = time.monotonic() + timeout_s
    look_again = time.monotonic() + _LOOK_AGAIN_S
    pause_s = _POLL_CLUSTER_S if site.environment.kubernetes else _POLL_S
    with clone.stop_at(deadline):
        while True:
            states, trouble = _ask(site)
            waiting = [state for state in states if not state.confirms(traffic.revision)]
            now = time.monotonic()
            if states and not waiting:
                _settle(watch, deadline)
                names = tuple(state.name for state in states)
                return Confirmation(names, now - pushed.at, watch.notes)
            _raise_if_refused(waiting, pushed, site.environment.option)
            watch.look()
            if now >= look_again:
                _raise_if_replaced(clone, pushed)
                look_again = time.monotonic() + _LOOK_AGAIN_S
            if now >= deadline:
                late = [excuse(state, traffic.revision) for state in waiting]
                reasons = [*say_unasked(watch.unasked, trouble), *_on_the_way(watch, late)]
                raise _unconfirmed(pushed, len(waiting), len(states), timeout_s, reasons, clone)
            time.sleep(pause_s)


def _settle(watch: CommitWatch, deadline: float) -> None:
    """Wait until Argo CD has the commit in mind too, not only the Envoys.

    They may run its state from before, while Argo CD still tries to apply the one in between.
    """
    while True:
        watch.look()
        if watch.is_settled and watch.unasked is None:
            return
        if watch.is_settled or time.monotonic() >= deadline:
            watch.note_where()
            return
        time.sleep(_POLL_CLUSTER_S)


def _ask(site: Site) -> tuple[tuple[AgentState, ...], str | None]:
    try:
        return site.ask(), None
    except (ClusterError, SettingsError) as error:
        return (), str(error)


def _on_the_way(watch: CommitWatch, late: list[str]) -> list[str]:
    """Put what is known in the order of a commit's way; notes of Argo CD's absence are known."""
    where = [watch.where] if watch.where else []
    notes = watch.notes if watch.unasked is None else ()
    return list(dict.fromkeys((*where, *late, *notes)))


def _raise_if_refused(states: Sequence[AgentState], pushed: Pushed, option: str) -> None:
    for state in states:
        refused = state.report.refused if state.report else None
        # By the text too: other commits may lie on top, and an agent on a mount knows no commit.
        if refused and (refused.source == pushed.commit.sha or refused.digest == pushed.digest):
            head = f"{pushed.commit.short} is in Git, but {state.title} refused it"
            raise RefusedError(
                f"{list_problems(head, refused.problems)}\n"
                f"Calls go on as before. Take it back with `weighbridge rollout undo{option}`",
                pushed.commit,
            )


def _raise_if_replaced(clone: Clone, pushed: Pushed) -> None:
    try:
        tip = clone.refresh()
        path = clone.environment.traffic_file
        newer = clone.log(path, f"{pushed.commit.sha}..{tip}", limit=1)
    except GitError:
        return  # the commit is in Git all the same, and whether it is live the agents tell
    if newer:
        raise UnconfirmedError(
            f"{pushed.commit.short} is in Git, but a newer commit took its place before every "
            f"agent had it: {newer[0].commit}",
            pushed.commit,
        )


def _unconfirmed(
    pushed: Pushed, waiting: int, total: int, timeout_s: float, reasons: list[str], clone: Clone
) -> UnconfirmedError:
    who = f"{waiting} of {total} agents did" if total else "its agents did"
    head = f"{pushed.commit.short} is in Git, but {who} not confirm it within {timeout_s:g} s"
    option = clone.environment.option
    return UnconfirmedError(
        f"{list_problems(head, reasons)}\n"
        f"It goes live as soon as nothing is in its way; look with `weighbridge rollout "
        f"status{option}`, or take it back with `weighbridge rollout undo{option}`",
        pushed.commit,
    )
