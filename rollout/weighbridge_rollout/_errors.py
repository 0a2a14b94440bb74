"""What can go wrong in a rollout.

RolloutError
├── SettingsError            the environment is not described, or described wrongly
├── GitError                 Git refused; carries its own words
│   ├── RepositoryMissingError   no repository, branch or traffic file there
│   ├── AccessDeniedError        the repository does not let this user in, or not write
│   └── UnreachableError         the repository's host does not answer
├── ClusterError             a cluster cannot be asked
│   └── ForbiddenError           it is there, but this user lacks a right
├── MovedError               someone else changed the same file first
├── InvalidTrafficError      the state asked for is one that agents refuse
├── NothingToUndoError       there is no earlier state to go back to
├── RefusedError             an agent or Argo CD refused the commit
├── UnconfirmedError         the commit is pushed, but it is not live everywhere yet
├── PinError                 the model cannot be pinned as asked
└── ImageError               the images cannot be set as asked
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge_rollout._commit import Commit


class RolloutError(Exception):
    """Base of everything this package raises on purpose; the message names cause and next step."""


class SettingsError(RolloutError):
    """A setting is missing or malformed."""


class GitError(RolloutError):
    """Git refused."""


class RepositoryMissingError(GitError):
    """The repository, its branch or the traffic file does not exist."""


class AccessDeniedError(GitError):
    """The repository does not let this user read, or does not let this user write."""


class UnreachableError(GitError):
    """The repository's host does not answer."""


class ClusterError(RolloutError):
    """A cluster cannot be asked; `may_pass` says whether it may be in a moment."""

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class ForbiddenError(ClusterError):
    """The cluster does not let this user do that; the message names the right."""


class MovedError(RolloutError):
    """The branch moved under the change, and the file itself was changed by someone else."""


class InvalidTrafficError(RolloutError):
    """The traffic file is, or would become, one that agents refuse; `problems` say why, if many."""

    def __init__(self, message: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class NothingToUndoError(RolloutError):
    """No earlier state is left to go back to."""


class _AfterPushError(RolloutError):
    """Something that is known only after the commit was pushed."""

    def __init__(self, message: str, commit: Commit) -> None:
        super().__init__(message)
        self.commit = commit


class RefusedError(_AfterPushError):
    """An agent or Argo CD refused the pushed commit; calls go on as before it."""


class UnconfirmedError(_AfterPushError):
    """The commit is pushed, but was not seen live in time; the message says where it is."""


class PinError(RolloutError):
    """The model cannot be pinned as asked."""


class ImageError(RolloutError):
    """The images cannot be read or set as asked."""
