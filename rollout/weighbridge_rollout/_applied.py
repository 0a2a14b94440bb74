"""Wait until Argo CD has applied a pushed commit, where no agent can tell."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from weighbridge_rollout._commit_watch import CommitWatch
from weighbridge_rollout._confirm import Confirmation
from weighbridge_rollout._errors import UnconfirmedError
from weighbridge_rollout._problems import list_problems

if TYPE_CHECKING:
    from weighbridge_rollout._clone import Clone
    from weighbridge_rollout._site import Site
    from weighbridge_rollout._write import Pushed

APPLY_TIMEOUT_S = 30.0

_POLL_S = 0.1


def wait_until_applied(
    site: Site, clone: Clone, pushed: Pushed, timeout_s: float | None, configmap: str | None
) -> Confirmation:
    """Ask Argo CD to look at Git, and return when it has applied the commit.

    Without Argo CD, or where this user cannot ask it, it returns at once, with a note. Raises as
    wait_until_live; a sync that takes longer than the timeout is a note, not an error.
    """
    watch = CommitWatch(site, clone, pushed, configmap)
    watch.ask_to_look()
    if timeout_s is None:
        return Confirmation(notes=watch.notes)
    deadline = time.monotonic() + timeout_s
    with clone.stop_at(deadline):
        return _wait(watch, pushed, timeout_s, deadline)


def _wait(watch: CommitWatch, pushed: Pushed, timeout_s: float, deadline: float) -> Confirmation:
    while watch.has_application:
        watch.look()
        if watch.is_applied:
            return Confirmation((), time.monotonic() - pushed.at, watch.notes)
        if watch.has_application and time.monotonic() >= deadline:
            if watch.obstacle:
                head = f"{pushed.commit.short} is in Git, but not applied after {timeout_s:g} s"
                told = list(dict.fromkeys((watch.obstacle, *watch.notes)))
                raise UnconfirmedError(list_problems(head, told), pushed.commit)
            break  # it is at it, and has met no failure
        time.sleep(_POLL_S)
    if watch.where or watch.unasked:
        watch.note_where()
    return Confirmation(notes=watch.notes)
