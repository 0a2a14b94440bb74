"""The user that PostgreSQL runs as: it refuses to be root."""

import os
import pwd
from pathlib import Path

from weighbridge_stack._errors import StartError


def give(path: Path) -> None:
    """Make PostgreSQL's user the owner of a file or folder; nothing to do for ordinary users."""
    if owner := _find():
        os.chown(path, owner.pw_uid, owner.pw_gid)


def run_as(*needed: Path) -> list[str]:
    """Return what to put before a command of PostgreSQL, which must reach the needed files."""
    owner = _find()
    if owner is None:
        return []
    command = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    if not all(_anyone_may_enter(path.parent) for path in needed):
        # Below a folder that only root may enter, such as /root, the owner needs this to get in.
        command += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        # access(2), by which initdb looks for its programs, leaves capabilities out without this.
        command += ["--securebits=+no_setuid_fixup"]
    return [*command, "--"]


def _find() -> pwd.struct_passwd | None:
    """Return the user that PostgreSQL runs as where the caller is root, whom it refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise StartError("PostgreSQL does not run as root, and there is no user `nobody` to run it as.")


def _anyone_may_enter(folder: Path) -> bool:
    return all(one.stat().st_mode & 0o001 for one in (folder, *folder.resolve().parents))
