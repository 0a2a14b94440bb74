"""Durations as people write them."""

from __future__ import annotations

import re

import typer

_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+)([smhd])")


def parse_duration_s(text: str, option: str) -> int:
    """Return "8h" as seconds; a usage error names the option."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or int(match[1]) == 0:
        raise typer.BadParameter(
            f"{text!r} is not a duration such as 30m, 8h or 7d", param_hint=option
        )
    return int(match[1]) * _UNIT_S[match[2]]
