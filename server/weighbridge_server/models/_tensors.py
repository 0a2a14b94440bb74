"""Columns by name to tensors by a graph's signature."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from weighbridge_server.models._signature import Signature

_DTYPES: dict[str, type[np.generic]] = {
    "FP32": np.float32,
    "FP64": np.float64,
    "INT64": np.int64,
    "BYTES": np.object_,
}

Column = npt.NDArray[Any]


def to_tensors(signature: Signature, columns: Mapping[str, Column]) -> dict[str, Column]:
    """Pick and cast the columns the graph takes; they keep their row order."""
    return {
        spec.name: columns[spec.name].astype(_DTYPES[spec.datatype], copy=False)
        for spec in signature.inputs
    }


class RowEncoder:
    """Turns single rows into tensors of one row: the hot path of a single prediction."""

    def __init__(self, signature: Signature) -> None:
        names: dict[type[np.generic], list[str]] = {}
        for spec in signature.inputs:
            names.setdefault(_DTYPES[spec.datatype], []).append(spec.name)
        self._names = names

    def encode(self, values: Mapping[str, float | int | str]) -> dict[str, Column]:
        """Give each input its value as a tensor of shape [1]."""
        tensors: dict[str, Column] = {}
        for dtype, names in self._names.items():
            # One array per type and views into it: half the cost of an array per input.
            block = np.array([values[name] for name in names], dtype)
            for index, name in enumerate(names):
                tensors[name] = block[index : index + 1]
        return tensors
