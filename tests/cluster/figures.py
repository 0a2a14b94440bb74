"""Figures that a run has measured; told at its end."""

import statistics
from collections.abc import Sequence

FIGURES: list[str] = []


def note(figure: str) -> None:
    """Keep a figure for the summary."""
    FIGURES.append(figure)


def note_times(what: str, times_s: Sequence[float]) -> None:
    """Keep the figures of a series."""
    median_s, most_s = statistics.median(times_s), max(times_s)
    note(f"{what}: p50 {median_s:.2f} s, max {most_s:.2f} s over {len(times_s)}")
