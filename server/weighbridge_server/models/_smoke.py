"""The prediction recorded in training must come out again before a model may answer."""

import numpy as np

from weighbridge_server.models._errors import RunError, SmokeTestError
from weighbridge_server.models._metadata import Smoke
from weighbridge_server.models._onnx import OnnxGraph, Tensor
from weighbridge_server.models._signature import OUTPUT, TensorSpec

_WARM_UP_RUNS = 20
_NEXT_STEP = "compare the onnxruntime versions, or export and pin the model again"


def try_smoke(graph: OnnxGraph, smoke: Smoke, *, probability: bool) -> None:
    """Run the recorded prediction until the graph is warm. Raises SmokeTestError.

    With `probability` its output of that name is looked at too, as a call would.
    """
    signature = graph.signature
    needed = {spec.name for spec in signature.inputs}
    if missing := needed - smoke.inputs.keys():
        raise SmokeTestError(f"the recorded smoke inputs lack {sorted(missing)}; export it again")
    known = {spec.name: spec for spec in signature.outputs}
    if unknown := smoke.outputs.keys() - known.keys():
        raise SmokeTestError(f"the graph gives no {sorted(unknown)}; export it again")
    if probability and OUTPUT not in smoke.outputs:
        raise SmokeTestError(f"the recorded smoke outputs lack {OUTPUT!r}; export it again")
    tensors = {spec.name: _tensor(smoke.inputs[spec.name], spec) for spec in signature.inputs}
    expected = {name: _tensor(values, known[name]) for name, values in smoke.outputs.items()}
    try:
        for _ in range(_WARM_UP_RUNS):
            found = graph.infer(tensors, list(expected))
            for name, output in zip(expected, found, strict=True):
                _compare(name, output, expected[name], smoke.tolerance)
        if probability:
            graph.run(tensors, rows=len(expected[OUTPUT]))
    except RunError as error:
        raise SmokeTestError(f"the smoke prediction fails: {error}; {_NEXT_STEP}") from error


def _tensor(values: object, spec: TensorSpec) -> Tensor:
    try:
        return np.array(values, spec.dtype)
    except (ValueError, TypeError, OverflowError) as error:
        raise SmokeTestError(
            f"the recorded {spec.name!r} is no tensor of {spec.datatype}: {error}; export it again"
        ) from None


def _compare(name: str, found: Tensor, expected: Tensor, tolerance: float) -> None:
    if found.shape == expected.shape:
        if expected.dtype.kind != "f":
            equal = bool(np.array_equal(found, expected))
        else:
            equal = np.allclose(found, expected, rtol=tolerance, atol=tolerance, equal_nan=True)
        if equal:
            return
    raise SmokeTestError(
        f"the smoke prediction's {name} is {found.tolist()}, "
        f"training recorded {expected.tolist()}; {_NEXT_STEP}"
    )
