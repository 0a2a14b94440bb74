"""Whose fault it is that the model has no answer: the tensors' or the model's own."""

import math
from collections.abc import Mapping

import numpy as np

from weighbridge_server.inference._errors import UnfitTensorsError
from weighbridge_server.inference._rows import RowRule
from weighbridge_server.models import ReadyModel, Tensor, TensorSpec


def refuse_values(tensors: Mapping[str, Tensor]) -> None:
    """Raise UnfitTensorsError if inputs hold what no number can be computed from.

    That is NaN, infinities, and numbers so large that their squares are infinite. A model that
    gives no number for others is broken.
    """
    faults = {
        name: f"{count} elements are NaN, infinite or too large to compute with"
        for name, tensor in tensors.items()
        if (count := _count_wild(tensor))
    }
    if faults:
        raise UnfitTensorsError(faults)


def refuse_form(model: ReadyModel, rule: RowRule, tensors: Mapping[str, Tensor]) -> None:
    """Raise UnfitTensorsError if the tensors are of another form than the ones it was tried with.

    A signature cannot say that open dimensions without a name must agree. The recorded smoke
    inputs are a form that the graph takes, with any number of rows; a failure with that form is
    the model's own.
    """
    uneven = len({len(tensors[name]) for name in rule.inputs}) > 1
    faults = {
        spec.name: fault
        for spec in model.signature.inputs
        if (
            fault := _form_fault(
                tensors[spec.name].shape,
                np.array(model.metadata.smoke.inputs[spec.name], spec.dtype).shape,
                spec,
                rows_count=uneven or spec.name not in rule.inputs,
            )
        )
    }
    if faults:
        raise UnfitTensorsError(faults)


def _count_wild(tensor: Tensor) -> int:
    if tensor.dtype.kind != "f":
        return 0
    largest = math.sqrt(float(np.finfo(tensor.dtype).max))
    # Written so that NaN, which compares false with everything, is counted.
    return tensor.size - int((np.abs(tensor) <= largest).sum())


def _form_fault(
    found: tuple[int, ...], tried: tuple[int, ...], spec: TensorSpec, *, rows_count: bool
) -> str | None:
    first = 0 if rows_count else 1
    if all(
        size != -1 or given == known
        for size, given, known in zip(
            spec.shape[first:], found[first:], tried[first:], strict=False
        )
    ):
        return None
    return (
        f"the graph fails for the shape {list(found)} together with the other inputs'; "
        f"it was tried with {list(tried)}"
    )
