"""Check a traffic file before it is committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge_ingress import check_file
from weighbridge_rollout._agents import ask_agents, known_versions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from weighbridge_ingress import Problem


def check(path: Path, agents: Sequence[str] = ()) -> tuple[Problem, ...]:
    """Return what agents would refuse in the file, by the very rules they use; empty if nothing.

    Which versions there are is read from the bootstrap.yaml of the file's tree; where there is
    none, the agents at these URLs are asked. If none answers, any version is taken.
    """
    if _has_bootstrap(path):
        return tuple(check_file(path))
    return tuple(check_file(path, known_versions(ask_agents(agents))))


def _has_bootstrap(path: Path) -> bool:
    """Say whether the file lies as in envoy/traffic/<environment>/, so that check_file finds it."""
    folders = path.resolve().parents
    return (
        len(folders) > 2
        and folders[1].name == "traffic"
        and (folders[2] / "bootstrap.yaml").is_file()
    )
