"""One input of a request as a tensor."""

from math import prod
from typing import Final

from weighbridge_server.models import Tensor
from weighbridge_server.transport.openinference._elements import ElementsError
from weighbridge_server.transport.openinference._expected import ExpectedTensor
from weighbridge_server.transport.openinference._faults import Faults, quoted
from weighbridge_server.transport.openinference.inference import open_inference_pb2 as pb

Given = pb.ModelInferRequest.InferInputTensor
_MAX_SHOWN: Final = 8


def read_input(
    index: int, given: Given, wanted: ExpectedTensor, raw: bytes | None, faults: Faults
) -> Tensor | None:
    """Read an input's elements, from `raw` if that is given; None with a fault noted."""
    shape = given.shape[:]
    # Nearly all inputs are columns; asked here, that saves them the general check.
    is_column = wanted.is_column and len(shape) == 1 and shape[0] > 0
    if given.datatype != wanted.datatype or not (is_column or _fits(shape, wanted.shape)):
        _note_form(index, given, wanted, faults)
        return None
    count = shape[0] if is_column else prod(shape)
    try:
        if raw is None:
            return _read_typed(given.contents, shape, count, wanted)
        if given.HasField("contents") and given.contents.ByteSize():
            faults.add(
                f"inputs[{index}].contents",
                f"{quoted(wanted.name)} has elements here and in raw_input_contents[{index}]",
            )
            return None
        return wanted.elements.from_raw(raw, shape, count)
    except ElementsError as error:
        field = f"inputs[{index}].contents" if raw is None else f"raw_input_contents[{index}]"
        faults.add(field, f"{quoted(wanted.name)} {error}")
        return None


def _fits(shape: list[int], limits: tuple[int, ...]) -> bool:
    if len(shape) != len(limits):
        return False
    for size, limit in zip(shape, limits, strict=True):
        if size < 1 or (limit != -1 and size != limit):
            return False
    return True


def _note_form(index: int, given: Given, wanted: ExpectedTensor, faults: Faults) -> None:
    name = quoted(wanted.name)
    if given.datatype != wanted.datatype:
        faults.add(
            f"inputs[{index}].datatype",
            f"{name} is {quoted(given.datatype)}, the model takes {wanted}",
        )
    shape = given.shape[:]
    if not _fits(shape, wanted.shape):
        shown = str(shape[:_MAX_SHOWN]) + (" and more" if len(shape) > _MAX_SHOWN else "")
        faults.add(
            f"inputs[{index}].shape",
            f"{name} has shape {shown}, the model takes {wanted}; a dimension is 1 or more",
        )


def _read_typed(
    contents: pb.InferTensorContents, shape: list[int], count: int, wanted: ExpectedTensor
) -> Tensor:
    field = wanted.elements.field
    if field is None:
        raise ElementsError(f"is {wanted.datatype}: its elements go into raw_input_contents")
    filled = contents.ListFields()
    if len(filled) != 1 or filled[0][0].name != field:
        found = ", ".join(descriptor.name for descriptor, _ in filled) or "nothing"
        raise ElementsError(f"has {found}; {wanted.datatype} goes into {field}")
    return wanted.elements.from_typed(filled[0][1], shape, count)
