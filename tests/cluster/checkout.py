"""A person's clone of the project, in which recipes are followed."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_LIMIT_S = 180


@dataclass(frozen=True)
class Checkout:
    """A clone with a remote `origin`, and the commands of a person who works in it."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def git(self, *arguments: str) -> str:
        """Run git; return what it prints."""
        return self._run(["git", *arguments]).strip()

    def weighbridge(self, *arguments: str) -> str:
        """Run `weighbridge …`, which must succeed; return what it prints."""
        done = self.tried(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def tried(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run `weighbridge …`, whatever comes of it."""
        program = str(Path(sys.executable).parent / "weighbridge")
        return self._done([program, *arguments])

    def shell(self, script: str) -> str:
        """Run lines that a README tells people to type."""
        return self._run(["bash", "-euo", "pipefail", "-c", script])

    def edit(self, path: str, *changes: tuple[str, str]) -> None:
        """Replace what patterns match in a file; each has to match."""
        file = self.folder / path
        text = file.read_text()
        for pattern, replacement in changes:
            text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
            assert count, f"{path} has nothing like {pattern}"
        file.write_text(text)

    def push(self, subject: str) -> float:
        """Commit everything and push it; return time.monotonic() just before the push."""
        self.git("add", "--all")
        self.git("commit", "--quiet", f"--message={subject}")
        self.pull()
        at = time.monotonic()
        self.git("push", "--quiet", "origin", "HEAD:main")
        return at

    def pull(self) -> None:
        """Take in what others pushed."""
        self.git("pull", "--quiet", "--rebase", "origin", "main")

    def head(self) -> str:
        """Return the newest commit of this clone."""
        return self.git("rev-parse", "HEAD")

    def _run(self, command: list[str]) -> str:
        done = self._done(command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def _done(self, command: list[str]) -> "subprocess.CompletedProcess[str]":
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("WEIGHBRIDGE", "MLFLOW", "AWS"))
        }
        return subprocess.run(
            command,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT_S,
            env={**inherited, **self.variables, "COLUMNS": "160"},
        )
