"""The processes of pods, where the cluster runs on this machine and they can be seen."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


def processes_of_pods(uids: list[str], program: str) -> list[int]:
    """Return the ids of the processes in these pods whose command line holds `program`."""
    found = [pid for pid in _all() if _in_pod(pid, uids) and program in _command(pid)]
    if not found:
        pytest.skip("the pods' processes cannot be seen from this machine")
    if not all(_may_signal(pid) for pid in found):
        pytest.skip("the pods' processes can be seen, but only root may signal them")
    return found


def _all() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def _in_pod(pid: int, uids: list[str]) -> bool:
    try:
        cgroup = Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False
    return any(uid in cgroup or uid.replace("-", "_") in cgroup for uid in uids)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _may_signal(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return False
    return True
