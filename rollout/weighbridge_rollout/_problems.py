"""Tell a file's problems to a person: one line for each, and never a screen full."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ruamel.yaml.error import YAMLError

_SHOWN = 5
_LONGEST = 600


def list_problems(head: str, problems: Sequence[str]) -> str:
    """Return "head: problem" for one, and a line for each of the first five below the head."""
    if len(problems) == 1:
        return f"{head}: {problems[0]}"
    hidden = len(problems) - _SHOWN
    rest = [f"and {hidden} more"] if hidden > 0 else []
    return "\n  ".join((f"{head}:", *problems[:_SHOWN], *rest))


def one_line(text: str) -> str:
    """Make one line of another program's words; a long one says most at its two ends."""
    line = "".join(one if one.isprintable() else " " for one in " ".join(text.split()))
    half = _LONGEST // 2
    return line if len(line) <= _LONGEST else f"{line[:half]} … {line[-half:]}"


def yaml_fault(error: YAMLError) -> str:
    """Return "line 3: what is wrong there"."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or one_line(str(error))
    return f"line {mark.line + 1}: {problem}" if mark else problem
