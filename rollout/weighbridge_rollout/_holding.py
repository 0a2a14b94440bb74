"""Whether a revision that Argo CD names has a commit in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge_rollout._application import is_commit_id
from weighbridge_rollout._errors import GitError

if TYPE_CHECKING:
    from weighbridge_rollout._clone import Clone


class Holding:
    """Asks Git about one commit, once for each revision."""

    def __init__(self, clone: Clone, sha: str) -> None:
        self._clone = clone
        self._sha = sha
        self._known = {sha: True}

    def __call__(self, revision: str) -> bool:
        """Say whether a revision has the commit; one that is not here yet is fetched.

        False too for what is no commit's id, and where Git does not answer in time.
        """
        if not is_commit_id(revision):
            return False
        if revision not in self._known:
            try:
                self._known[revision] = self._ask(revision)
            except GitError:
                return False  # and asked again at the next look
        return self._known[revision]

    def is_older(self, revision: str) -> bool:
        """Say whether the commit is made on top of a revision."""
        try:
            return is_commit_id(revision) and self._clone.contains(revision, self._sha)
        except GitError:
            return False

    def _ask(self, revision: str) -> bool:
        if self._clone.contains(self._sha, revision):
            return True
        if self._clone.is_late or self._clone.contains(revision, self._sha):
            return False
        self._clone.refresh()
        return self._clone.contains(self._sha, revision)
