"""Whether a revision that Argo CD names has a commit in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        """Say whether a revision has the commit; one that is not here yet is fetched."""
        if revision not in self._known:
            has = self._clone.contains(self._sha, revision)
            if not has and not self.is_older(revision):
                try:
                    self._clone.refresh()
                except GitError:
                    return False  # and asked again at the next look
                has = self._clone.contains(self._sha, revision)
            self._known[revision] = has
        return self._known[revision]

    def is_older(self, revision: str) -> bool:
        """Say whether the commit is made on top of a revision."""
        return self._clone.contains(revision, self._sha)
