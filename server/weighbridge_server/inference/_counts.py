"""What the use cases count: rows of batches, and values that training did not meet."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy.typing as npt

Known = Mapping[str, frozenset[str]]
"""By column, the values that training met."""


class Counts(Protocol):
    """Whom to tell."""

    def batch(self, method: str, answered: int, failed: int) -> None:
        """Count a batch's rows."""

    def unknown_value(self, column: str, count: int = 1) -> None:
        """Count a column's values that training did not meet."""


class NoCounts:
    """Counts nothing."""

    def batch(self, method: str, answered: int, failed: int) -> None:
        """Count nothing."""

    def unknown_value(self, column: str, count: int = 1) -> None:
        """Count nothing."""


class UnknownValues:
    """Looks for texts that are not among the known ones of their column; they are served too."""

    def __init__(self, known: Known, counts: Counts) -> None:
        self._known = tuple(known.items())
        self._counts = counts

    def see_row(self, values: Mapping[str, Any]) -> None:
        """Look at one row."""
        for column, known in self._known:
            if column in values and values[column] not in known:
                self._counts.unknown_value(column)

    def see_columns(self, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        """Look at many rows, or at tensors of texts."""
        for column, known in self._known:
            if column not in columns:
                continue
            values = columns[column].ravel().tolist()
            # Counting them costs much more, and there are none as a rule.
            if known.issuperset(values):
                continue
            self._counts.unknown_value(column, sum(value not in known for value in values))
