"""A private copy of the environment's branch: read, commit, push as compare-and-swap.

Plumbing in a bare clone rather than a work tree: nothing is checked out, so a repository of any
size costs the same, and a person's own clone is never touched.
"""

from __future__ import annotations

import getpass
import os
import platform
import re
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from weighbridge_ingress.git import remote_config
from weighbridge_rollout._errors import GitError, RepositoryMissingError, UnreachableError
from weighbridge_rollout._log import LOG_FORMAT, FileChange, parse_log
from weighbridge_rollout._run import TIMEOUT_S, git_error, run_git

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping

    from weighbridge_rollout._environment import Environment

_IDENT = re.compile(r"(.+) <(.+)> \d+ ")

_SHORTEST_S = 0.1

# Else git would fetch what a partial clone lacks; GIT_NO_LAZY_FETCH is for Git 2.45 and newer.
_NO_HOST = {"GIT_ALLOW_PROTOCOL": "none"}

# So a push fails that another one overtakes, but by other causes too: see Refusal.
_LOST_RACE = (
    b"stale info",
    b"fetch first",
    b"non-fast-forward",
    b"cannot lock ref",
    b"failed to update ref",
)


class Refusal(NamedTuple):
    """Why a push was not done."""

    error: GitError
    may_be_race: bool
    """Whether another writer can be the cause: then the branch has moved, or soon will."""


class Clone:
    """The branch as it was last fetched."""

    def __init__(self, folder: Path, environment: Environment, config: Mapping[str, str]) -> None:
        self.environment = environment
        self._folder = folder
        self._branch = environment.branch
        self._config = config
        self._deadline: float | None = None
        self.tip = self._resolve_tip()

    @contextmanager
    def stop_at(self, deadline: float | None) -> Iterator[None]:
        """Let no command of the block run on past this moment of time.monotonic()."""
        before, self._deadline = self._deadline, deadline
        try:
            yield
        finally:
            self._deadline = before

    @property
    def is_late(self) -> bool:
        """Whether the moment is over at which to stop."""
        return self._deadline is not None and time.monotonic() >= self._deadline

    def refresh(self) -> str:
        """Fetch the branch again and return its tip."""
        ref = f"+refs/heads/{self._branch}:refs/heads/{self._branch}"
        self._run("fetch", "--quiet", "origin", ref, action="fetch from")
        self.tip = self._resolve_tip()
        return self.tip

    def blob(self, commit: str, path: str) -> str | None:
        """Return the object id of a file at a commit, None where there is no such file."""
        done = self._git("rev-parse", "--verify", "-q", f"{commit}:{path}")
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def text(self, blob: str) -> str:
        """Return the content of a blob."""
        content = self._run("cat-file", "blob", blob, action="read a file of")
        return content.decode(errors="replace")

    def read(self, path: str) -> str:
        """Return a file at the tip; raise RepositoryMissingError where there is none."""
        blob = self.blob(self.tip, path)
        if blob is None:
            raise RepositoryMissingError(
                f"{path} does not exist on branch {self.environment.place}: "
                f"check {self.environment.setting('path')}"
            )
        return self.text(blob)

    def log(self, path: str, *span: str, limit: int | None = None) -> list[FileChange]:
        """Return the commits that changed a file, newest first, along the branch's own line.

        A merge counts as one change: what it did to the branch is what agents saw.
        """
        count = () if limit is None else (f"--max-count={limit}",)
        options = ("--first-parent", "--raw", "--no-abbrev", "--no-renames", "--no-show-signature")
        log = ("log", *options, LOG_FORMAT, *count, *(span or (self.tip,)), "--", path)
        return list(parse_log(self._run(*log, action="read the history of")))

    def commit(self, parent: str, files: Mapping[str, str], message: str) -> str:
        """Write a commit on top of `parent` that sets the files, and return its id."""
        index = {"GIT_INDEX_FILE": str(self._folder / "weighbridge-index")}
        self._run("read-tree", parent, action="read", variables=index)
        for path, content in files.items():
            blob = self._object_id("hash-object", "-w", "--stdin", stdin=content.encode())
            entry = f"100644,{blob},{path}"
            self._run("update-index", "--add", "--cacheinfo", entry, action="edit", variables=index)
        # Unchanged files may not be here, see open_clone: git must not fetch them all.
        tree = self._object_id("write-tree", "--missing-ok", variables=index)
        return self._object_id(
            *("commit-tree", tree, "-p", parent), stdin=message.encode(), variables=_identity()
        )

    def push(self, commit: str, parent: str) -> Refusal | None:
        """Push if the branch is still at `parent`; return why not, None when it is done.

        The lease makes this a compare-and-swap. It can never overwrite: the commit is a child of
        the very commit that the lease asks for.
        """
        ref = f"refs/heads/{self._branch}"
        lease = f"--force-with-lease={ref}:{parent}"
        try:
            done = self._git("push", "--porcelain", lease, "origin", f"{commit}:{ref}")
        except UnreachableError as error:
            look = f"`weighbridge rollout history{self.environment.option}`"
            unsure = f"{error}; it may have arrived: look with {look}"
            return Refusal(UnreachableError(unsure), may_be_race=False)
        if done.returncode == 0:
            return None
        words = done.stderr + done.stdout
        race = any(phrase in words for phrase in _LOST_RACE)
        return Refusal(git_error(self.environment, "push to", words), race)

    def contains(self, commit: str, revision: str | None = None) -> bool:
        """Say whether a revision, or the branch as it was last fetched, holds a commit.

        False too for a revision that is not here: no host is asked.
        """
        ancestry = (
            "merge-base",
            "--is-ancestor",
            commit,
            self.tip if revision is None else revision,
        )
        return self._git(*ancestry, variables=_NO_HOST).returncode == 0

    def _resolve_tip(self) -> str:
        return self._object_id("rev-parse", "--verify", f"refs/heads/{self._branch}")

    def _object_id(
        self,
        *arguments: str,
        stdin: bytes = b"",
        variables: Mapping[str, str] | None = None,
    ) -> str:
        done = self._run(*arguments, action="work in a copy of", stdin=stdin, variables=variables)
        return done.decode().strip()

    def _run(
        self,
        *arguments: str,
        action: str,
        stdin: bytes = b"",
        variables: Mapping[str, str] | None = None,
    ) -> bytes:
        done = self._git(*arguments, stdin=stdin, variables=variables)
        if done.returncode:
            raise git_error(self.environment, action, done.stderr)
        return done.stdout

    def _git(
        self, *arguments: str, stdin: bytes = b"", variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        left_s = TIMEOUT_S if self._deadline is None else self._deadline - time.monotonic()
        return run_git(
            *arguments,
            folder=self._folder,
            stdin=stdin,
            config=self._config,
            variables=variables,
            timeout_s=max(_SHORTEST_S, min(TIMEOUT_S, left_s)),
        )


@contextmanager
def open_clone(environment: Environment) -> Iterator[Clone]:
    """Clone the environment's branch into a temporary folder that is removed at the end."""
    repository, branch = environment.repository, environment.branch
    with tempfile.TemporaryDirectory(prefix="weighbridge-", ignore_cleanup_errors=True) as parent:
        folder = Path(parent) / "clone.git"
        # Over a network only commits and trees come along; git fetches the few files we read.
        partial = () if Path(repository).expanduser().exists() else ("--filter=blob:none",)
        options = ("--quiet", "--bare", "--single-branch", "--template=", f"--branch={branch}")
        # A password goes as a header, since other users can read command lines.
        config = remote_config("origin", repository)
        url = config.pop("remote.origin.url")
        done = run_git("clone", *options, *partial, "--", url, str(folder), config=config)
        if done.returncode:
            raise git_error(environment, f"read branch {branch} of", done.stderr)
        yield Clone(folder, environment, config)


def _identity() -> dict[str, str]:
    """Name the author as git does for this person; by login and host where git does not know.

    Git is asked in the working directory, so that the person's local configuration counts.
    """
    variables: dict[str, str] = {}
    for role in ("AUTHOR", "COMMITTER"):
        done = run_git("var", f"GIT_{role}_IDENT")
        known = _IDENT.match(done.stdout.decode(errors="replace"))
        name, email = known.groups() if known else _login()
        variables |= {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": email}
    return variables


def _login() -> tuple[str, str]:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that no account has
        user = f"uid-{os.getuid()}"
    return user, f"{user}@{platform.node()}"
