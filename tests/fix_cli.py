"""The command `weighbridge` as a person runs it: a process, in a folder."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_COMMAND = str(Path(sys.executable).parent / "weighbridge")
_OURS = ("WEIGHBRIDGE", "MLFLOW", "AWS")


@dataclass(frozen=True)
class Shell:
    """A folder to run commands in, and variables besides those of the test's own process."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run `weighbridge` with arguments; nothing of a surrounding stack leaks in."""
        return subprocess.run(
            [_COMMAND, *arguments],
            cwd=self.folder,
            env=self._environ(),
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `weighbridge`, for a test that meets it under way."""
        return subprocess.Popen(
            [_COMMAND, *arguments],
            cwd=self.folder,
            env=self._environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _environ(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
        return {**inherited, **self.variables, "COLUMNS": "120"}

    def ok(self, *arguments: str) -> str:
        """Run a command that must succeed, and return what it prints."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def fails(self, *arguments: str) -> str:
        """Run a command that must fail as it should: exit code 1, told without a traceback."""
        done = self.run(*arguments)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """An empty folder, where no stack is known."""
    return Shell(tmp_path)
