"""Columns by name to tensors by a graph's signature."""

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from weighbridge_server.models._signature import Signature

Column = npt.NDArray[Any]
# Blocks with the names of their elements, and a view for each name.
_Made = tuple[list[tuple[Column, list[str]]], dict[str, Column]]


def to_tensors(signature: Signature, columns: Mapping[str, Column]) -> dict[str, Column]:
    """Pick and cast the columns the graph takes; they keep their row order."""
    return {
        spec.name: columns[spec.name].astype(spec.dtype, copy=False) for spec in signature.inputs
    }


class RowEncoder:
    """Turns single rows into tensors of one row: the hot path of a single prediction."""

    def __init__(self, signature: Signature) -> None:
        names: dict[np.dtype[Any], list[str]] = {}
        for spec in signature.inputs:
            names.setdefault(spec.dtype, []).append(spec.name)
        self._names = names
        self._own = threading.local()

    def encode(self, values: Mapping[str, float | int | str]) -> dict[str, Column]:
        """Give each input its value as a tensor of shape [1].

        The tensors are the thread's own and hold until its next row.
        """
        try:
            made: _Made = self._own.made
        except AttributeError:
            made = self._own.made = self._make()
        blocks, tensors = made
        for block, names in blocks:
            block[:] = [values[name] for name in names]
        return tensors

    def _make(self) -> _Made:
        # One array per type and views into it, filled again and again: to make them for each row
        # would cost three times as much.
        blocks: list[tuple[Column, list[str]]] = []
        tensors: dict[str, Column] = {}
        for dtype, names in self._names.items():
            block = np.zeros(len(names), dtype)
            blocks.append((block, names))
            tensors |= {name: block[index : index + 1] for index, name in enumerate(names)}
        return blocks, tensors
