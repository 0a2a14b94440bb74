"""The traffic file in a Git branch.

A repository on this machine costs one small file read per look: the branch's ref is read as Git
stores it, and Git runs only when it moved. A URL costs one `git ls-remote` per look.
"""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from weighbridge_ingress._errors import SourceError
from weighbridge_ingress._source import Snapshot
from weighbridge_ingress.git import GitFailed, remote_config, run_git, said, without_credentials

if TYPE_CHECKING:
    from subprocess import CompletedProcess

_READ_S = 15.0  # for all commands of one look together
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_REMOTE = "traffic"
_KEPT = "refs/weighbridge/last"


class GitSource:
    """Follows one file of one branch; `repository` is a path (bare or not) or a URL."""

    def __init__(self, repository: str, branch: str, file: str) -> None:
        self.name = f"the traffic repository {without_credentials(repository)}"
        self.file = PurePosixPath(file).name
        self.absent = f"there is no {file}"
        self._branch = branch
        self._ref = f"refs/heads/{branch}"
        self._path = file
        self._last: Snapshot | None = None
        self._deadline = 0.0
        # The repository may belong to another user; reading a blob runs nothing of its content.
        self._config = {"safe.directory": "*"}
        folder = Path(repository)
        self._remote = "://" in repository or (":" in repository and not folder.exists())
        if self._remote:
            self._config |= remote_config(_REMOTE, repository)
            self._cache = tempfile.TemporaryDirectory(prefix="weighbridge-traffic-")
            self._git_dir = Path(self._cache.name)
        else:
            self._git_dir = folder / ".git" if (folder / ".git").is_dir() else folder

    def read(self) -> Snapshot:
        """Read the file at the head of the branch. Raises SourceError."""
        self._deadline = time.monotonic() + _READ_S
        commit = self._remote_head() if self._remote else self._local_head()
        if self._last is None or self._last.source != commit:
            if self._remote:
                commit = self._fetch()
            self._last = Snapshot(commit, self._show(commit))
        return self._last

    def _local_head(self) -> str:
        try:
            commit = (self._git_dir / self._ref).read_text(encoding="ascii").strip()
            if _COMMIT.fullmatch(commit):
                return commit
        except OSError:
            pass  # packed away, in another storage, or gone: Git knows
        found = self._git("rev-parse", "--verify", "--quiet", f"{self._ref}^{{commit}}")
        if found.returncode:
            self._fail(f"has no branch {self._branch}", found)
        return found.stdout.decode().strip()

    def _remote_head(self) -> str:
        found = self._git("ls-remote", _REMOTE, self._ref)
        commit = found.stdout.decode().partition("\t")[0]
        if found.returncode or not commit:
            self._fail(f"has no branch {self._branch}", found)
        return commit

    def _fetch(self) -> str:
        """Fetch the head, which may have moved on; what is kept of the last need not come again."""
        self._git("init", "--quiet", "--bare", str(self._git_dir))
        wanted = f"+{self._ref}:{_KEPT}"
        done = self._git("fetch", "--quiet", "--no-tags", "--depth=1", _REMOTE, wanted)
        if done.returncode:
            self._fail(f"did not give branch {self._branch}", done)
        return self._git("rev-parse", _KEPT).stdout.decode().strip()

    def _show(self, commit: str) -> str | None:
        known = self._git("cat-file", "-e", f"{commit}^{{commit}}")
        if known.returncode:
            self._fail(f"has lost commit {commit[:12]}", known)
        shown = self._git("cat-file", "blob", f"{commit}:{self._path}")
        return None if shown.returncode else shown.stdout.decode(errors="replace")

    def _git(self, *arguments: str) -> CompletedProcess[bytes]:
        left_s = max(0.1, self._deadline - time.monotonic())
        place = {"GIT_DIR": str(self._git_dir)}
        try:
            return run_git(
                *arguments,
                config=self._config,
                variables=place,
                timeout_s=left_s,
                own_group=True,
            )
        except GitFailed as error:
            raise SourceError(f"{self.name} cannot be read: {error}") from error

    def _fail(self, what: str, done: CompletedProcess[bytes]) -> None:
        words = said(done)
        reason = f": {words.splitlines()[-1]}" if words else ""
        raise SourceError(f"{self.name} {what}{reason}")
