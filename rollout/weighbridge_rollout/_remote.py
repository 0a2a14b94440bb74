"""What `repository:` of environments.yaml means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge_rollout._errors import SettingsError
from weighbridge_rollout._run import run_git

if TYPE_CHECKING:
    import subprocess

ORIGIN = "origin"


def resolve_repository(written: str, file: Path) -> str:
    """Return what `git clone` takes: for `origin` the remote's address; paths start at the file.

    SettingsError if `origin` is written and the file's checkout has no such remote.
    """
    if written != ORIGIN:
        relative = written.startswith(("./", "../"))
        return str((file.parent / written).resolve()) if relative else written
    address = _git(file, "remote", "get-url", ORIGIN)
    if address.returncode:
        raise SettingsError(
            f"{file} says `repository: {ORIGIN}`, but its folder is no Git checkout with a remote "
            f"{ORIGIN}: work in a clone, or write the repository's URL there"
        )
    url = address.stdout.decode().strip()
    if url.startswith(("./", "../")):  # as git reads it: from the top of the checkout
        top = _git(file, "rev-parse", "--show-toplevel").stdout.decode().strip()
        return str((Path(top) / url).resolve())
    return url


def _git(file: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return run_git(*arguments, folder=file.parent)
