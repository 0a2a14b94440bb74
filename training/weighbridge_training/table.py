"""Shipments by column, as training and the graph take them."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from weighbridge_training._columns import COLUMNS, LABEL, STATUS, NumberColumn, Row, TimeColumn
from weighbridge_training._errors import DatasetError
from weighbridge_training.dataset import iter_csv, write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Table:
    """Labelled shipments in the order of time.

    `columns` has every input by the proto's field name: `timestamp` int64 unix seconds UTC, named
    values and ids as objects (str), all others float32, which is what the graph takes.
    """

    columns: dict[str, Array]
    status: Array
    late: Array

    def __len__(self) -> int:
        return len(self.late)

    def __getitem__(self, rows: slice) -> Table:
        return Table(
            {name: values[rows] for name, values in self.columns.items()},
            self.status[rows],
            self.late[rows],
        )

    def rows(self) -> Iterator[Row]:
        """Yield the shipments one by one, as `dataset.read_csv` gives them."""
        names = list(self.columns)
        values = [_plain(name, self.columns[name]) for name in names]
        for record in zip(*values, self.late.tolist(), strict=True):
            yield Row(**dict(zip([*names, LABEL], record, strict=True)))  # type: ignore[typeddict-item]  # keys come from COLUMNS

    def sha256(self) -> str:
        """Return the digest of the CSV file that `dataset.write_csv` makes of this table."""
        text = io.StringIO(newline="")
        write_rows(text, self.rows(), self.status.tolist())
        return hashlib.sha256(text.getvalue().encode()).hexdigest()


def make_table(values: dict[str, Array], status: Array, late: Array) -> Table:
    """Sort by time and cast to the graph's types."""
    order = np.argsort(values["timestamp"], kind="stable")
    columns: dict[str, Array] = {}
    for column in COLUMNS:
        if column.field in (STATUS, LABEL):
            continue
        columns[column.field] = values[column.field].astype(_dtype(column))[order]
    return Table(columns, status.astype(object)[order], late.astype(bool)[order])


def read_table(path: Path) -> tuple[Table, int]:
    """Return the file's labelled shipments, and how many had no label and were left out."""
    records = [(row, status) for row, status in iter_csv(path)]
    known = [(row, status) for row, status in records if row["late"] is not None]
    if not known:
        raise DatasetError("has no labelled row; training needs Logistics_Delay", path=path)
    values: dict[str, Array] = {}
    for column in COLUMNS:
        if column.field in (STATUS, LABEL):
            continue
        cells: list[Any] = [row[column.field] for row, _ in known]  # type: ignore[literal-required]  # fields come from COLUMNS
        if isinstance(column, TimeColumn):
            cells = [int(moment.timestamp()) for moment in cells]
        values[column.field] = np.array(cells, dtype=_dtype(column))
    status = np.array([status for _, status in known], dtype=object)
    late = np.array([row["late"] for row, _ in known], dtype=bool)
    return make_table(values, status, late), len(records) - len(known)


def _dtype(column: object) -> type:
    if isinstance(column, TimeColumn):
        return np.int64
    return np.float32 if isinstance(column, NumberColumn) else object


def _plain(name: str, values: Array) -> list[Any]:
    if name == "timestamp":
        return [datetime.fromtimestamp(second, tz=UTC) for second in values.tolist()]
    if values.dtype == np.float32:
        # The shortest text of a float32 is the decimal it came from: 24.6, not 24.60000038…
        return [float(text) for text in values.astype("U32")]
    return list(values)
