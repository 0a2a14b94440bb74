"""The example that a model is registered with: tensors by the names of the graph's inputs."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from weighbridge_training._errors import ExampleError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from weighbridge_training._graph_file import Tensor, TensorSpec


def read_example(path: Path, inputs: Sequence[TensorSpec]) -> dict[str, Tensor]:
    """Read a file of one of these forms. ExampleError names the input that does not fit.

    `{"inputs": {name: nested list}}`, a list of rows (of objects, or of lists for a graph with one
    input) as JSON, or an .npz with an array for each input.
    """
    values = _by_name(_load(path), inputs, path)
    if unknown := sorted(values.keys() - {spec.name for spec in inputs}):
        raise ExampleError(f"{path} has {', '.join(unknown)}, the graph takes {_told(inputs)}")
    return {spec.name: _tensor(values, spec, path) for spec in inputs}


def _load(path: Path) -> Any:
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                return {"inputs": dict(arrays)}
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExampleError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, zipfile.BadZipFile) as error:
        raise ExampleError(f"{path} is neither JSON nor an .npz of numbers: {error}") from error


def _by_name(loaded: Any, inputs: Sequence[TensorSpec], path: Path) -> Mapping[str, Any]:
    if isinstance(loaded, dict) and isinstance(loaded.get("inputs"), dict):
        return dict(loaded["inputs"])
    if isinstance(loaded, list) and loaded:
        if all(isinstance(row, dict) for row in loaded):
            return {name: [row.get(name) for row in loaded] for row in loaded for name in row}
        if len(inputs) == 1:
            return {inputs[0].name: loaded}
    raise ExampleError(
        f'{path} must hold {{"inputs": {{name: nested list}}}} or a list of rows; '
        f"the graph takes {_told(inputs)}"
    )


def _tensor(values: Mapping[str, Any], spec: TensorSpec, path: Path) -> Tensor:
    if spec.name not in values:
        raise ExampleError(f"{path} lacks {spec.name!r}; the graph takes {spec}")
    try:
        given = np.asarray(values[spec.name])
    except ValueError as error:  # lists of different lengths
        raise ExampleError(f"{path}: {spec.name!r} is no tensor: {error}") from error
    if given.ndim == 1 and len(spec.shape) == 2 and spec.shape[1] == 1:
        given = given[:, None]  # a column, of a list of rows
    if not _has_shape(given.shape, spec.shape):
        raise ExampleError(
            f"{path}: {spec.name!r} has the shape {list(given.shape)}, the graph takes {spec}"
        )
    return _cast(given, spec, path)


def _has_shape(given: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(given) == len(wanted) and all(
        size in (-1, found) for found, size in zip(given, wanted, strict=True)
    )


def _cast(given: Tensor, spec: TensorSpec, path: Path) -> Tensor:
    """Change the type, but no value that is not a fraction."""
    kinds = {"O": "U", "b": "b", "f": "iuf"}.get(spec.dtype.kind, "iu")
    if given.dtype.kind in kinds:
        tensor: Tensor = given.astype(spec.dtype)
        if spec.dtype.kind in "Obf" or np.array_equal(tensor, given):
            return tensor
    raise ExampleError(f"{path}: {spec.name!r} holds what is no {spec.datatype}")


def _told(inputs: Sequence[TensorSpec]) -> str:
    return ", ".join(map(str, inputs)) or "nothing"
