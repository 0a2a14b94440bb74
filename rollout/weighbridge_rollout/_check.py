"""Check a traffic file before it is committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge_ingress import check_file

if TYPE_CHECKING:
    from pathlib import Path

    from weighbridge_ingress import Problem


def check(path: Path) -> tuple[Problem, ...]:
    """Return what agents would refuse in the file, by the very rules they use; empty if nothing."""
    return tuple(check_file(path))
