"""What a machine lacks is named with the line that installs it, before anything is done."""

import subprocess
import sys
from pathlib import Path

import pytest


def run(project: Path, path: Path, python: str = "python3") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [project / ".ci" / "prerequisites", python],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(path)},
    )


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with only the programs that every Debian has, and a good Python."""
    for name in ("sh", "uname"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    (tmp_path / "python3").symlink_to(Path(sys.base_prefix, "bin", "python3"))
    return tmp_path


def test_a_machine_without_git(project: Path, programs: Path) -> None:
    done = run(project, programs)
    assert done.returncode == 1
    assert "git is missing. Install it: sudo apt-get install git" in done.stderr


def test_a_machine_without_python(project: Path, programs: Path) -> None:
    (programs / "git").symlink_to("/usr/bin/git")
    done = run(project, programs, "python3.99")
    assert done.returncode == 1
    assert "apt-get install python3 python3-venv" in done.stderr


def test_an_old_python(project: Path, programs: Path) -> None:
    (programs / "git").symlink_to("/usr/bin/git")
    old = programs / "python3.9"
    old.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'Python 3.9.2' || exit 1\n")
    old.chmod(0o755)
    done = run(project, programs, "python3.9")
    assert done.returncode == 1
    assert "Python 3.9.2 is too old: 3.11 or newer" in done.stderr


def test_a_machine_with_everything(project: Path, programs: Path) -> None:
    (programs / "git").symlink_to("/usr/bin/git")
    done = run(project, programs)
    assert (done.returncode, done.stderr) == (0, "")
