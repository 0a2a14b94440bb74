"""Write what came of each call as CSV."""

from __future__ import annotations

import csv
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from weighbridge_cli._errors import CliError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from weighbridge_cli._replay import Outcome

COLUMNS = (
    "row",
    "code",
    "prediction_id",
    "probability",
    "late",
    "routed_version",
    "served_version",
    "model_version",
    "traffic_revision",
    "request_id",
    "user_id",
    "attempts",
    "latency_ms",
    "error",
)


def check_writable(path: Path, source: Path) -> None:
    """Say before the first call that the file cannot be written, or is the one to be read."""
    folder = path.parent
    if path.exists() and source.exists() and path.samefile(source):
        raise CliError(f"{path} is the input, and would be lost; name another file with --out")
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise CliError(f"{path} cannot be written; name another file with --out")


@contextmanager
def open_results(path: Path) -> Iterator[Callable[[Outcome], None]]:
    """Give a function that takes outcomes in any order and writes them in the order of the rows.

    A line is written as soon as all rows before it have one; at the end, however it comes, those
    that are left. Not thread-safe.
    """
    try:
        with path.open("w", encoding="utf-8", newline="", buffering=1) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            waiting: dict[int, Outcome] = {}
            row = 1

            def add(outcome: Outcome) -> None:
                nonlocal row
                waiting[outcome.row] = outcome
                while row in waiting:
                    writer.writerow(_line(waiting.pop(row)))
                    row += 1

            try:
                yield add
            finally:
                writer.writerows(_line(waiting[left]) for left in sorted(waiting))
    except OSError as error:
        raise CliError(f"{path} cannot be written: {error.strerror}") from error


def _line(outcome: Outcome) -> tuple[object, ...]:
    answer = outcome.prediction
    return (
        outcome.row,
        outcome.code,
        answer.prediction_id if answer else "",
        repr(answer.probability) if answer else "",
        int(answer.late) if answer else "",
        outcome.routed_version or "",
        outcome.served_version or "",
        answer.model.version if answer else "",
        outcome.traffic_revision or "",
        outcome.request_id or "",
        outcome.user_id or "",
        outcome.attempts,
        f"{outcome.latency_ms:.3f}",
        outcome.error or "",
    )
