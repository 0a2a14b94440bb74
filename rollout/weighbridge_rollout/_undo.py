"""Go back to the state before the last change that still stands.

The history is replayed as a stack: a change is laid on top, an undo takes off the changes it
names. So undo after undo walks further back. A commit made by hand is a change like any other,
and `git revert` an undo like any other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from weighbridge_rollout._change import Change
from weighbridge_rollout._clone import Clone, open_clone
from weighbridge_rollout._confirm import CONFIRM_TIMEOUT_S, wait_until_live
from weighbridge_rollout._errors import InvalidTrafficError, NothingToUndoError
from weighbridge_rollout._message import UNDOES, undo_message
from weighbridge_rollout._site import open_site
from weighbridge_rollout._trafficfile import parse_traffic
from weighbridge_rollout._write import push_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from weighbridge_ingress import Traffic
    from weighbridge_rollout._environment import Environment
    from weighbridge_rollout._log import FileChange


_REVERTED = re.compile(r"^This reverts commit ([0-9a-f]{40,64})", re.MULTILINE)


class _Target(NamedTuple):
    text: str
    traffic: Traffic
    undone: tuple[FileChange, ...]


def undo(
    environment: Environment,
    *,
    reason: str = "",
    timeout_s: float | None = CONFIRM_TIMEOUT_S,
) -> Change:
    """Restore the whole traffic file as it was before the last standing change, by a new commit.

    States that agents refuse, also for a version that they do not know, and changes that changed
    nothing, are stepped over. Waits and raises as set_percent does; NothingToUndoError if no
    earlier state is left.
    """
    with open_clone(environment) as clone, open_site(environment) as site:
        path = environment.traffic_file
        known = site.known_versions(must_know_place=timeout_s is not None)
        target = _find_target(clone, path, known)
        before = valid_traffic(clone, clone.blob(clone.tip, path), known)
        commits = tuple(change.commit for change in target.undone)
        message = undo_message(before, target.traffic, commits, reason)
        pushed = push_file(clone, path, target.text, message)
        live = wait_until_live(site, clone, pushed, target.traffic, timeout_s)
        return Change(
            pushed.commit,
            before,
            target.traffic,
            commits,
            live.agents,
            live.live_s,
            live.notes,
        )


def standing_changes(oldest_first: Iterable[FileChange]) -> list[FileChange]:
    """Replay the history and return what has not been undone, oldest first."""
    stack: list[FileChange] = []
    for change in oldest_first:
        size = _undone_count(change, stack)
        if size:
            del stack[-size:]
        else:
            stack.append(change)
    return stack


def valid_traffic(
    clone: Clone, blob: str | None, known: Collection[str] | None = None
) -> Traffic | None:
    """Read a blob as traffic; None if there is no file or agents would refuse it.

    Without known versions any version is taken.
    """
    if blob is None:
        return None
    try:
        return parse_traffic(clone.text(blob), known)
    except InvalidTrafficError:
        return None


def _undone_count(change: FileChange, stack: Sequence[FileChange]) -> int:
    """Return how many changes on top of the stack this commit takes back.

    0 unless it did what it says: names the top of the stack and restores what was there.
    """
    commit = change.commit
    named = commit.trailers.get(UNDOES) or tuple(_REVERTED.findall(commit.body))
    top = stack[-len(named) :] if named else ()
    if {entry.commit.sha for entry in top} != set(named):
        return 0
    return len(named) if top and change.after == top[0].before else 0


def _find_target(clone: Clone, path: str, known: Collection[str] | None) -> _Target:
    stack = standing_changes(reversed(clone.log(path)))
    current = clone.blob(clone.tip, path)
    newest_first = stack[::-1]
    for count, change in enumerate(newest_first, start=1):
        same = change.before == current
        traffic = None if same else valid_traffic(clone, change.before, known)
        if change.before is not None and traffic is not None:
            return _Target(clone.text(change.before), traffic, tuple(newest_first[:count]))
    raise NothingToUndoError(
        f"{path} has no earlier state to go back to; set one with "
        f"`weighbridge rollout set PERCENT{clone.environment.option}`"
    )
