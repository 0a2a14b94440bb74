"""The traffic file in a Git branch.

A repository on this machine costs one small file read per poll: the branch's ref is read as Git
stores it, and Git runs only when it moved. A URL costs one `git ls-remote` per poll.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from weighbridge_ingress._errors import SourceError
from weighbridge_ingress._source import Snapshot

_GIT_TIMEOUT_S = 4.0  # below the 5 s after which the agent counts as hung
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


class GitSource:
    """Follows one file of one branch; `repository` is a path (bare or not) or a URL."""

    def __init__(self, repository: str, branch: str, path: str) -> None:
        self._repository = repository
        self._ref = f"refs/heads/{branch}"
        self._path = path
        self._last: Snapshot | None = None
        folder = Path(repository)
        self._remote = "://" in repository or (":" in repository and not folder.exists())
        if self._remote:
            self._cache = tempfile.TemporaryDirectory(prefix="weighbridge-traffic-")
            self._git_dir = Path(self._cache.name)
        else:
            self._git_dir = folder / ".git" if (folder / ".git").is_dir() else folder

    def read(self) -> Snapshot:
        """Read the file at the head of the branch. Raises SourceError."""
        commit = self._remote_head() if self._remote else self._local_head()
        if self._last is None or self._last.source != commit:
            if self._remote:
                self._fetch(commit)
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
            self._fail(f"has no branch {self._ref.removeprefix('refs/heads/')}", found.stderr)
        return found.stdout.strip()

    def _remote_head(self) -> str:
        found = self._git("ls-remote", self._repository, self._ref)
        commit = found.stdout.partition("\t")[0]
        if found.returncode or not commit:
            self._fail(f"has no branch {self._ref.removeprefix('refs/heads/')}", found.stderr)
        return commit

    def _fetch(self, commit: str) -> None:
        self._git("init", "--quiet", "--bare", str(self._git_dir))
        done = self._git("fetch", "--quiet", "--no-tags", "--depth=1", self._repository, self._ref)
        if done.returncode:
            self._fail(f"did not give commit {commit[:12]}", done.stderr)

    def _show(self, commit: str) -> str | None:
        known = self._git("cat-file", "-e", f"{commit}^{{commit}}")
        if known.returncode:
            self._fail(f"has lost commit {commit[:12]}", known.stderr)
        shown = self._git("cat-file", "blob", f"{commit}:{self._path}")
        return None if shown.returncode else shown.stdout

    def _git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        # The repository may belong to another user; reading a blob runs nothing of its content.
        command = ["git", "-c", "safe.directory=*", f"--git-dir={self._git_dir}", *arguments]
        try:
            return subprocess.run(
                command,
                capture_output=True,
                check=False,
                encoding="utf-8",
                errors="replace",
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
                timeout=_GIT_TIMEOUT_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SourceError(f"git cannot read {self._repository}: {error}") from error

    def _fail(self, what: str, detail: str) -> None:
        reason = f": {detail.strip().splitlines()[-1]}" if detail.strip() else ""
        raise SourceError(f"the traffic repository {self._repository} {what}{reason}")
