"""Read and write the public Smart Logistics dataset's form. Standard library only.

Two forms of the same rows are published: headers with units and times like `1/1/2024 11:37`, and
headers without units and ISO 8601 times. Both are read, even mixed; the first is written.
"""

from __future__ import annotations

import csv
from typing import IO, TYPE_CHECKING

from weighbridge_training._columns import (
    COLUMNS,
    DELAY_REASONS,
    INPUT_COLUMNS,
    INPUT_FIELDS,
    LABEL,
    SHIPMENT_STATUSES,
    STATUS,
    TRAFFIC_STATUSES,
    Column,
    Row,
    header_key,
)
from weighbridge_training._errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = [
    "DELAY_REASONS",
    "INPUT_FIELDS",
    "SHIPMENT_STATUSES",
    "TRAFFIC_STATUSES",
    "Row",
    "default_status",
    "iter_csv",
    "read_csv",
    "write_csv",
]

_KEYS = frozenset(header_key(column.header) for column in COLUMNS)


def read_csv(path: Path, *, inputs_only: bool = False) -> list[Row]:
    """Return the file's shipments.

    The shipment status is left out: it is known only after the fact. DatasetError names line and
    column of the first bad cell, or the columns that are missing or twice there. With
    `inputs_only` neither status nor label is asked for or read, and `late` is None.
    """
    if inputs_only:
        return [_input_row(record) for record in _records(path, INPUT_COLUMNS)]
    return [row for row, _ in iter_csv(path)]


def iter_csv(path: Path) -> Iterator[tuple[Row, str]]:
    """Yield each shipment with its status, for those who must see the label's relation to it."""
    for record in _records(path, COLUMNS):
        status = str(record.pop(STATUS))
        yield Row(**record), status  # type: ignore[typeddict-item]  # keys come from COLUMNS


def _input_row(record: dict[str, object]) -> Row:
    row: Row = {**record, LABEL: None}  # type: ignore[typeddict-item]  # keys: INPUT_COLUMNS
    return row


def _records(path: Path, columns: Sequence[Column]) -> Iterator[dict[str, object]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _read_records(file, path, columns)
    except OSError as error:
        raise DatasetError(f"cannot be opened: {error.strerror}", path=path) from error
    except csv.Error as error:
        raise DatasetError(f"is not CSV: {error}", path=path) from error
    except UnicodeDecodeError as error:
        raise DatasetError("is not UTF-8 text; save it as CSV in UTF-8", path=path) from error


def _read_records(
    file: IO[str], path: Path, columns: Sequence[Column]
) -> Iterator[dict[str, object]]:
    reader = csv.reader(file)
    header = next(reader, None)
    if header is None:
        raise DatasetError("is empty; the first line must name the columns", path=path)
    positions = _positions(header, path, columns)
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(header):
            message = f"has {len(cells)} cells where the header has {len(header)}"
            raise DatasetError(message, path=path, line=reader.line_num)
        yield {
            column.field: _parse(column, header[position], cells[position], path, reader.line_num)
            for column, position in positions
        }


def _positions(
    header: list[str], path: Path, columns: Sequence[Column]
) -> list[tuple[Column, int]]:
    found: dict[str, int] = {}
    for position, name in enumerate(header):
        key = header_key(name)
        # Columns that are not ours may share a name but for the unit; nameless ones are no columns.
        first = found.setdefault(key if key in _KEYS else name.strip() or str(position), position)
        if first != position:
            message = f"has the column {name} twice, at {first + 1} and {position + 1}; keep one"
            raise DatasetError(message, path=path, line=1)
    missing = [c.header for c in columns if header_key(c.header) not in found]
    if missing:
        message = f"lacks the column {', '.join(missing)}; the header has {', '.join(header)}"
        raise DatasetError(message, path=path, line=1)
    return [(column, found[header_key(column.header)]) for column in columns]


def _parse(column: Column, header: str, text: str, path: Path, line: int) -> object:
    try:
        return column.parse(text)
    except ValueError as error:
        raise DatasetError(str(error), path=path, line=line, column=header) from None


def write_csv(path: Path, rows: Iterable[Row], statuses: Iterable[str] | None = None) -> None:
    """Write the public form, with the statuses given or those that the labels suggest."""
    with path.open("w", encoding="utf-8", newline="") as file:
        write_rows(file, rows, statuses)


def write_rows(file: IO[str], rows: Iterable[Row], statuses: Iterable[str] | None = None) -> None:
    """Write header and rows to an open text file."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([column.header for column in COLUMNS])
    if statuses is None:
        writer.writerows(_cells(row, default_status(row)) for row in rows)
    else:
        writer.writerows(_cells(r, s) for r, s in zip(rows, statuses, strict=True))


def _cells(row: Row, status: str) -> list[str]:
    record = {**row, STATUS: status}
    return [column.format(record[column.field]) for column in COLUMNS]


def default_status(row: Row) -> str:
    """Return the status that a shipment with this label ends in."""
    late = row[LABEL]
    return "in_transit" if late is None else ("delayed" if late else "delivered")
