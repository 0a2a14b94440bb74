"""The bare Git repository that stands in for a Git host: holds what a release changes."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from weighbridge_stack._errors import StartError
from weighbridge_stack._layout import ENVIRONMENT_FOLDER, PROJECT, Layout

_AUTHOR = ("-c", "user.name=make up", "-c", "user.email=make-up@localhost")


def create_repository(layout: Layout) -> None:
    """Create the repository with the project's local traffic folder, if there is none yet."""
    if (layout.repository / "HEAD").exists():
        return
    with tempfile.TemporaryDirectory(dir=layout.home) as folder:
        work, bare = Path(folder, "work"), Path(folder, "traffic.git")
        shutil.copytree(PROJECT / ENVIRONMENT_FOLDER, work / ENVIRONMENT_FOLDER)
        _git("init", "--quiet", "--initial-branch=main", str(work))
        _git("-C", str(work), "add", "--all")
        message = "Start with the project's traffic folder"
        _git("-C", str(work), *_AUTHOR, "commit", "--quiet", f"--message={message}")
        _git("clone", "--quiet", "--bare", str(work), str(bare))
        _git("-C", str(bare), "remote", "remove", "origin")
        # Whole or not at all: an interrupted first start leaves no half repository behind.
        bare.rename(layout.repository)


def _git(*arguments: str) -> None:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise StartError(f"git {' '.join(arguments)} failed:\n{done.stderr.strip()}")
