"""Write what came of each call as CSV."""

from __future__ import annotations

import csv
import os
from typing import TYPE_CHECKING

from weighbridge_cli._errors import CliError

if TYPE_CHECKING:
    from collections.abc import Iterable
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


def check_writable(path: Path) -> None:
    """Say before the first call, not after the last, that the file cannot be written."""
    folder = path.parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise CliError(f"{path} cannot be written; name another file with --out")


def write_results(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Write one line for each call, in the order given."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(_line(outcome) for outcome in outcomes)
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
