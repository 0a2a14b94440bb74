"""Commit and push one file so that no one's change is lost."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge_ingress import traffic_digest
from weighbridge_rollout._errors import GitError, MovedError

if TYPE_CHECKING:
    from weighbridge_rollout._clone import Clone, Refusal
    from weighbridge_rollout._commit import Commit

# Other files of the same branch may be pushed all the time. Random waits keep two writers who
# collide from doing so again and again.
_TRIES = 12
# A writer may hold the branch's lock for a moment. Who finds it locked and unmoved so often meets
# no writer.
_STUCK_TRIES = 3
_FIRST_WAIT_S = 0.02
_LONGEST_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Pushed:
    """A commit that is on the branch."""

    commit: Commit
    content: str
    """What the file says since."""
    at: float
    """time.monotonic() when it was made."""

    @property
    def digest(self) -> str:
        """By which an agent names a state that it refused, be it from Git or from a ConfigMap."""
        return traffic_digest(self.content)


def push_file(clone: Clone, path: str, content: str, message: str) -> Pushed:
    """Put a file's new content on the branch.

    A branch that moved is read again. If the move left the file alone, the change is made on top;
    otherwise MovedError tells who changed it, since this change was decided on an older state.
    """
    decided_on = clone.blob(clone.tip, path)
    stuck = 0
    for failures in range(_TRIES):
        parent = clone.tip
        made_at = time.monotonic()
        sha = clone.commit(parent, {path: content}, message)
        # Read back before the push: after it, nothing may fail any more.
        pushed = Pushed(clone.log(path, sha, limit=1)[0].commit, content, made_at)
        refusal = clone.push(sha, parent)
        if refusal is None or _arrived(clone, sha, refusal):
            return pushed
        stuck += clone.tip == parent
        if not refusal.may_be_race or stuck == _STUCK_TRIES:
            raise refusal.error
        if clone.blob(clone.tip, path) != decided_on:
            raise _moved(clone, path, parent)
        time.sleep(random.uniform(0, min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**failures)))  # noqa: S311
    raise GitError(f"the branch moved {_TRIES} times while pushing; nothing changed, try again")


def _arrived(clone: Clone, sha: str, refusal: Refusal) -> bool:
    """Read the branch again, and say whether the push went through and only its answer was lost."""
    try:
        clone.refresh()
    except GitError:
        raise refusal.error from None
    return clone.contains(sha)


def _moved(clone: Clone, path: str, parent: str) -> MovedError:
    others = clone.log(path, f"{parent}..{clone.tip}")
    who = "; ".join(str(change.commit) for change in others) or "its history was rewritten"
    return MovedError(
        f"{path} was changed by someone else meanwhile, so nothing was written: {who}. "
        "Look at what it says now, then decide again"
    )
