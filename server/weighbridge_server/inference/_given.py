"""Tensors as the log keeps them: each row's values under the names of the signature."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any

import numpy as np

from weighbridge_server.models import Tensor


def given_row(tensors: Mapping[str, Tensor], sliced: Collection[str]) -> dict[str, Any]:
    """Return the only row: of the inputs that are `sliced` the first element, others whole."""
    if len(sliced) == len(tensors):
        row = {name: tensor[0] for name, tensor in tensors.items()}
    else:
        row = {name: tensor[0] if name in sliced else tensor for name, tensor in tensors.items()}
    return {
        name: _plain(value) if isinstance(value, np.ndarray) else value
        for name, value in row.items()
    }


def given_rows(
    tensors: Mapping[str, Tensor], sliced: Collection[str], rows: int
) -> Iterator[dict[str, Any]]:
    """Yield each row; inputs that are not `sliced` stand in all of them."""
    parts = [
        _elements(tensor) if name in sliced else repeat(_plain(tensor), rows)
        for name, tensor in tensors.items()
    ]
    for values in zip(*parts, strict=True):
        yield dict(zip(tensors, values, strict=True))


def _elements(tensor: Tensor) -> Iterable[Any]:
    return tensor if tensor.ndim == 1 else map(_plain, tensor)


def _plain(tensor: Tensor) -> Any:
    """Return what JSON can hold; numpy's numbers stay, so that a float32 is written as short."""
    return tensor.tolist() if tensor.dtype.hasobject or not tensor.ndim else tensor
