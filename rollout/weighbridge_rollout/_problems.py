"""Tell a file's problems to a person: one line for each, and never a screen full."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 5


def list_problems(head: str, problems: Sequence[str]) -> str:
    """Return "head: problem" for one, and a line for each of the first five below the head."""
    if len(problems) == 1:
        return f"{head}: {problems[0]}"
    hidden = len(problems) - _SHOWN
    rest = [f"and {hidden} more"] if hidden > 0 else []
    return "\n  ".join((f"{head}:", *problems[:_SHOWN], *rest))
