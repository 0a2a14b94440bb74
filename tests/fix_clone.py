"""A fresh clone of this repository, and the shell of a person who works in it."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

from tests.rooms import ROOMS

_NAMES = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Somebody"), ("EMAIL", "somebody@localhost"))
}


class Clone:
    """The folder, and what its shell has exported so far."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        ours = ("WEIGHBRIDGE", "MLFLOW", "AWS")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        self.folder = folder
        self.environ = {**inherited, **_NAMES, **variables, "COLUMNS": "200"}

    def type(self, script: str, limit_s: float = 150) -> str:
        """Type lines into the shell; return what they print. What they export stays."""
        kept = self.folder.parent / "exported"
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", f"{script}\nenv -0 >{shlex.quote(str(kept))}"],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            printed, errors = process.communicate(timeout=limit_s)
        finally:
            if process.returncode is None:  # else `make up` goes on, and `make down` is refused
                os.killpg(process.pid, signal.SIGTERM)
                process.communicate()
        assert process.returncode == 0, f"{script}\n{printed}{errors}"
        pairs = (pair.partition("=") for pair in kept.read_text().split("\0") if pair)
        self.environ = {name: value for name, _, value in pairs}
        return printed


class NewClone(Protocol):
    """Makes a clone in a folder that is not there yet; its shell has these variables."""

    def __call__(self, folder: Path, variables: Mapping[str, str]) -> Clone: ...


@pytest.fixture(scope="session")
def new_clone(project: Path) -> NewClone:
    """Make clones, as the working tree is: also of what is not committed yet."""

    def make(folder: Path, variables: Mapping[str, str]) -> Clone:
        copy_tree(project, folder)
        _install(folder)
        clone = Clone(folder, variables)
        clone.type("git init --quiet && git add --all && git commit --quiet --message 'As it is'")
        return clone

    return make


def copy_tree(project: Path, folder: Path) -> None:
    """Copy what Git knows or would take."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listed, cwd=project, capture_output=True, text=True, check=True)
    for name in filter(None, done.stdout.split("\0")):
        if (project / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project / name, folder / name)


def _install(folder: Path) -> None:
    """Give the clone a .venv of its own, with the same packages and the clone's own rooms."""
    here, made = Path(sys.prefix), folder / ".venv"
    packages = Path("lib", f"python{sys.version_info.major}.{sys.version_info.minor}")
    packages /= "site-packages"
    for part in (packages, Path("bin")):
        (made / part).mkdir(parents=True)
    for entry in (here / packages).iterdir():
        if not entry.name.startswith("_editable_impl_weighbridge"):
            (made / packages / entry.name).symlink_to(entry)
    rooms = "".join(f"{folder / room}\n" for room in ROOMS)
    (made / packages / "rooms.pth").write_text(rooms)
    shutil.copy(here / "pyvenv.cfg", made)
    for program in (here / "bin").iterdir():
        _bring(program, here, made)
    (made / "synced").touch()  # so that make does not ask for packages


def _bring(program: Path, here: Path, made: Path) -> None:
    """Put a program there; one that Python runs must be run by that .venv's Python."""
    target = made / "bin" / program.name
    first = f"#!{here / 'bin' / 'python'}".encode()
    if program.is_file() and not program.is_symlink() and program.read_bytes().startswith(first):
        target.write_bytes(program.read_bytes().replace(str(here).encode(), str(made).encode(), 1))
        target.chmod(0o755)
    else:
        target.symlink_to(program)
