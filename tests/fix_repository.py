"""A bare Git repository with a traffic folder, and people who commit to it by hand."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from weighbridge_rollout import Environment

TRAFFIC = """\
# Who gets which version. One number; the rest follows from it.
apiVersion: v1
kind: ConfigMap
metadata:
  name: traffic
data:
  stable: v6   # answers everything that the canary does not
  canary: v7
  canary-percent:   "10"  # 0 to 100, tenths allowed
  shadow-percent: '0'
"""
FOLDER = "envoy/traffic/local"

_TRIES = 20  # a person whose push is rejected pulls and pushes again


@dataclass(frozen=True)
class Repository:
    """A bare repository, and a clone in which a person works."""

    bare: Path
    work: Path

    def environment(self, *agents: str) -> Environment:
        return Environment("local", str(self.bare), "main", FOLDER, agents)

    def read(self, path: str = f"{FOLDER}/traffic.yaml") -> str:
        return self._git(self.bare, "show", f"main:{path}")

    def commit_by_hand(
        self, text: str | None, subject: str = "Edit by hand", path: str = f"{FOLDER}/traffic.yaml"
    ) -> str:
        """Commit and push as a person would; None removes the file. Return the commit's id."""
        self._git(self.work, "pull", "--quiet", "--rebase", "origin", "main")
        file = self.work / path
        if text is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self._git(self.work, "add", "--all")
        self._git(self.work, "commit", "--quiet", f"--message={subject}")
        return self._push()

    def revert_by_hand(self, commit: str = "HEAD") -> str:
        """Take a commit back with git's own means; return the new commit's id."""
        self._git(self.work, "pull", "--quiet", "--rebase", "origin", "main")
        self._git(self.work, "revert", "--no-edit", commit)
        return self._push()

    def write_hook(self, name: str, script: str) -> None:
        """Let the repository's host run a shell script at a push."""
        hook = self.bare / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{script}\n")
        hook.chmod(0o755)

    def _push(self) -> str:
        for _ in range(_TRIES):
            push = ["git", "push", "--quiet", "origin", "main"]
            done = subprocess.run(push, cwd=self.work, capture_output=True, check=False)
            if done.returncode == 0:
                return self._git(self.work, "rev-parse", "HEAD").strip()
            self._git(self.work, "pull", "--quiet", "--rebase", "origin", "main")
        raise AssertionError(done.stderr.decode())

    def tip(self) -> str:
        return self._git(self.bare, "rev-parse", "main").strip()

    def message(self, commit: str = "main") -> str:
        return self._git(self.bare, "log", "-1", "--format=%B", commit)

    def changed_lines(self, commit: str = "main") -> list[str]:
        """Return the lines that a commit removed and added, with their sign."""
        diff = self._git(self.bare, "show", "--format=", "--unified=0", commit).splitlines()
        return [line for line in diff if line[:1] in "+-" and line[:3] not in ("+++", "---")]

    def commits(self) -> int:
        return int(self._git(self.bare, "rev-list", "--count", "main"))

    @staticmethod
    def _git(folder: Path, *arguments: str) -> str:
        identity = ("-c", "user.name=Ada Hand", "-c", "user.email=ada@example.org")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def new_repository(folder: Path, text: str = TRAFFIC) -> Repository:
    """Make the repository with one commit in it."""
    repository = Repository(folder / "traffic.git", folder / "work")
    for command in (
        ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(repository.bare)],
        ["git", "init", "--quiet", "--initial-branch=main", str(repository.work)],
        ["git", "-C", str(repository.work), "remote", "add", "origin", str(repository.bare)],
    ):
        subprocess.run(command, check=True)
    file = repository.work / FOLDER / "traffic.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    repository._git(repository.work, "add", "--all")
    repository._git(repository.work, "commit", "--quiet", "--message=Start at 10 %")
    repository._git(repository.work, "push", "--quiet", "origin", "main")
    return repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A traffic repository of this test's own, at 10 %."""
    return new_repository(tmp_path)
