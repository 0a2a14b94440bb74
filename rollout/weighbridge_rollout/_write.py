"""Commit and push one file so that no one's change is lost."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge_rollout._errors import GitError, MovedError

if TYPE_CHECKING:
    from weighbridge_rollout._clone import Clone
    from weighbridge_rollout._commit import Commit

# Other files of the same branch may be pushed all the time. Random waits keep two writers who
# collide from doing so again and again.
_TRIES = 12
_FIRST_WAIT_S = 0.02
_LONGEST_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Pushed:
    """A commit that is on the branch."""

    commit: Commit
    at: float
    """time.monotonic() when it was made."""


def push_file(clone: Clone, path: str, content: str, message: str) -> Pushed:
    """Put a file's new content on the branch.

    A branch that moved is read again. If the move left the file alone, the change is made on top;
    otherwise MovedError tells who changed it, since this change was decided on an older state.
    """
    decided_on = clone.blob(clone.tip, path)
    for failures in range(_TRIES):
        parent = clone.tip
        made_at = time.monotonic()
        commit = clone.commit(parent, {path: content}, message)
        if clone.push(commit, parent):
            return Pushed(_entry(clone, path, commit), made_at)
        clone.refresh()
        if clone.contains(commit):  # the push went through, only its answer was lost
            return Pushed(_entry(clone, path, commit), made_at)
        if clone.blob(clone.tip, path) != decided_on:
            raise _moved(clone, path, parent)
        time.sleep(random.uniform(0, min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**failures)))  # noqa: S311
    raise GitError(f"the branch moved {_TRIES} times while pushing; nothing changed, try again")


def _entry(clone: Clone, path: str, commit: str) -> Commit:
    return clone.log(path, commit, limit=1)[0].commit


def _moved(clone: Clone, path: str, parent: str) -> MovedError:
    others = clone.log(path, f"{parent}..{clone.tip}")
    who = "; ".join(str(change.commit) for change in others) or "its history was rewritten"
    return MovedError(
        f"{path} was changed by someone else meanwhile, so nothing was written: {who}. "
        "Look with `weighbridge rollout status`, then decide again"
    )
