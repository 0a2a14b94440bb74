"""Read the rows to send, and who each is sent for."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from weighbridge_cli._errors import CliError
from weighbridge_cli._replay import Call
from weighbridge_training.dataset import read_csv

if TYPE_CHECKING:
    from pathlib import Path


def read_calls(file: Path, *, repeat: int, user_column: str | None) -> list[Call]:
    """Return one call for each row and round; user ids come from a column of the file."""
    rows = read_csv(file, inputs_only=True)
    if not rows:
        raise CliError(f"{file} has a header and no rows: there is nothing to send")
    users: list[str | None] = [None] * len(rows)
    if user_column is not None:
        users = [*_column(file, user_column)]
    return [
        Call(round_ * len(rows) + index + 1, row, user)
        for round_ in range(repeat)
        for index, (row, user) in enumerate(zip(rows, users, strict=True))
    ]


def _column(file: Path, name: str) -> list[str]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        if name not in (reader.fieldnames or ()):
            known = ", ".join(reader.fieldnames or ())
            raise CliError(f"{file} has no column {name}; it has {known}")
        return [record[name].strip() for record in reader]
