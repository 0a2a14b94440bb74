"""From a request to the tensors that a graph takes, or to all that is wrong with it."""

from collections.abc import Mapping, Sequence
from typing import Final

from weighbridge_server.models import Tensor
from weighbridge_server.transport.openinference._expected import Expected
from weighbridge_server.transport.openinference._faults import Faults, quoted
from weighbridge_server.transport.openinference._input import read_input
from weighbridge_server.transport.openinference.inference import open_inference_pb2 as pb

MAX_ROWS: Final = 65_536
"""As many as a batch of the typed service has."""

_MAX_SURPLUS: Final = 100


def read_request(
    request: pb.ModelInferRequest, expected: Expected
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Read the inputs by name, and which outputs are wanted.

    Raises InvalidRequestError with every fault of the request.
    """
    faults = Faults()
    raw = request.raw_input_contents[:]
    _check_counts(request, expected, faults)
    faults.raise_any()
    tensors = _read_inputs(request, raw, expected, faults)
    wanted = _read_outputs(request, expected, faults) if request.outputs else expected.all_outputs
    faults.raise_any()
    return tensors, wanted


def _check_counts(request: pb.ModelInferRequest, expected: Expected, faults: Faults) -> None:
    """Note what makes it useless to look at each tensor."""
    for kind, given, known in (
        ("inputs", len(request.inputs), len(expected.inputs)),
        ("outputs", len(request.outputs), len(expected.outputs)),
    ):
        # Millions fit into a message, and each would be a fault with its own text.
        if given > known + _MAX_SURPLUS:
            faults.add(kind, f"are {given}; the model has {known}")
    parts = len(request.raw_input_contents)
    if parts and parts != len(request.inputs):
        # Which part belongs to which input is unknown.
        faults.add("raw_input_contents", f"has {parts} parts for {len(request.inputs)} inputs")


def _read_inputs(
    request: pb.ModelInferRequest, raw: Sequence[bytes], expected: Expected, faults: Faults
) -> dict[str, Tensor]:
    known = expected.inputs
    tensors: dict[str, Tensor] = {}
    places: dict[str, int] = {}
    for index, given in enumerate(request.inputs):
        name = given.name
        wanted = known.get(name)
        if wanted is None or name in places:
            _note_name(f"inputs[{index}].name", name, "input", places, faults)
            continue
        places[name] = index
        tensor = read_input(index, given, wanted, raw[index] if raw else None, faults)
        if tensor is not None:
            tensors[name] = tensor
    if len(places) != len(known):
        for name, wanted in known.items():
            if name not in places:
                faults.add("inputs", f"lack {quoted(name)}, {wanted}")
    _check_sizes(tensors, places, expected, faults)
    return tensors


def _read_outputs(
    request: pb.ModelInferRequest, expected: Expected, faults: Faults
) -> tuple[str, ...]:
    places: dict[str, int] = {}
    for index, given in enumerate(request.outputs):
        if given.name not in expected.outputs or given.name in places:
            _note_name(f"outputs[{index}].name", given.name, "output", places, faults)
        else:
            places[given.name] = index
    return tuple(places)


def _note_name(field: str, name: str, kind: str, places: Mapping[str, int], faults: Faults) -> None:
    if name in places:
        faults.add(field, f"{quoted(name)} is {kind}s[{places[name]}] already")
    else:
        faults.add(field, f"the model has no {kind} {quoted(name)}")


def _check_sizes(
    tensors: Mapping[str, Tensor], places: Mapping[str, int], expected: Expected, faults: Faults
) -> None:
    """Note dimensions that must be equal and are not, and too many rows."""
    for (first, first_axis), *others in expected.equal_dimensions:
        if first not in tensors:
            continue
        size = tensors[first].shape[first_axis]
        for name, axis in others:
            if name in tensors and tensors[name].shape[axis] != size:
                faults.add(
                    f"inputs[{places[name]}].shape",
                    f"{quoted(name)} has {tensors[name].shape[axis]} as dimension {axis} where "
                    f"{quoted(first)} has {size} as dimension {first_axis}",
                )
    if expected.row_inputs and expected.row_inputs[0] in tensors:
        first = expected.row_inputs[0]
        rows = len(tensors[first])
        if rows > MAX_ROWS and all(
            name in tensors and len(tensors[name]) == rows for name in expected.row_inputs
        ):
            faults.add(
                f"inputs[{places[first]}].shape",
                f"{quoted(first)} has {rows} rows; at most {MAX_ROWS} are taken",
            )
