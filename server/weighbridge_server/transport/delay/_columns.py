"""The check of a batch: shape first, then each element against its field's rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from logistics.delay.v1.shipment_pb2 import ShipmentColumns
from weighbridge_server.transport._errors import InvalidRequestError, Violation
from weighbridge_server.transport.delay._rules import Rule

FIRST = "timestamp_unix_ms"

# A hundred bytes each: an answer that named more would outgrow the limit for messages.
MAX_FAULTS = 65_536

Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class RowFault:
    """One bad field of one row (from 0), named as in Shipment."""

    row: int
    field: str
    description: str


def check_lengths(columns: ShipmentColumns) -> None:
    """Raise InvalidRequestError naming each column that is not as long as the first."""
    rows = len(columns.timestamp_unix_ms)
    lengths = {field.name: len(getattr(columns, field.name)) for field in columns.DESCRIPTOR.fields}
    if ragged := [
        Violation(f"shipments.{name}", f"has {length} rows where {FIRST} has {rows}")
        for name, length in lengths.items()
        if length != rows
    ]:
        raise InvalidRequestError(ragged)


def find_faults(
    raw: Mapping[str, npt.NDArray[Any]], rules: tuple[Rule, ...]
) -> tuple[Flags, list[RowFault]]:
    """Judge every row; return which are valid and, by row, what is wrong with the others.

    `raw` holds the columns by Shipment's field names, timestamps in milliseconds. Raises
    InvalidRequestError, by column, when there are more than MAX_FAULTS.
    """
    broken = [(rule, rule.broken(raw[rule.field])) for rule in rules]
    found = [(rule, np.flatnonzero(flags)) for rule, flags in broken if flags.any()]
    if sum(len(rows) for _, rows in found) > MAX_FAULTS:
        raise InvalidRequestError([_summary(rule, rows) for rule, rows in found])
    valid = ~np.logical_or.reduce([flags for _, flags in broken])
    faults = [
        RowFault(row, rule.field, rule.description) for rule, rows in found for row in rows.tolist()
    ]
    return valid, sorted(faults, key=lambda fault: fault.row)


def _summary(rule: Rule, rows: Rows) -> Violation:
    name = FIRST if rule.field == "timestamp" else rule.field
    text = f"{len(rows)} elements, the first in row {rows[0]}: {rule.description}"
    return Violation(f"shipments.{name}", text)
