"""A graph in onnxruntime: tensors in, tensors out, or one probability per row."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

# It would report to its makers, and keep an id of the machine; read when it loads.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort  # type: ignore[import-untyped]  # it has no types
from onnxruntime.capi.onnxruntime_pybind11_state import (  # type: ignore[import-untyped]
    InvalidArgument,
)

from weighbridge_server.models._errors import (
    BrokenArtefactError,
    ModelRunError,
    TensorsRefusedError,
)
from weighbridge_server.models._score import PROBABILITY, Scores
from weighbridge_server.models._signature import OUTPUT, Signature, describe_tensor

Tensor = npt.NDArray[Any]
_OUTPUTS: Final = (OUTPUT,)
_FATAL: Final = 4
# How onnxruntime begins to tell that a node failed, and not the check of the inputs before it.
_IN_A_NODE: Final = "while running"


class OnnxGraph:
    """One loaded graph. Calls are thread-safe."""

    def __init__(self, content: bytes, *, threads: int = 1) -> None:
        """Load `content`; raises BrokenArtefactError when it is no model or uses unknown parts.

        One thread is the caller's own: the process serves calls side by side, and threads inside
        one call would only fight them.
        """
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL
        try:
            self._session = ort.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's errors share no public base class
            raise BrokenArtefactError(
                f"onnxruntime cannot load it: {_first_line(error)}; export and pin it again"
            ) from error
        self._run = _inner_run(self._session)
        self.signature = Signature(
            inputs=tuple(
                describe_tensor(node.name, node.type, node.shape)
                for node in self._session.get_inputs()
            ),
            outputs=tuple(
                describe_tensor(node.name, node.type, node.shape)
                for node in self._session.get_outputs()
            ),
        )
        self.properties: Mapping[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def infer(self, tensors: Mapping[str, Tensor], outputs: Sequence[str]) -> list[Tensor]:
        """Compute these outputs, in this order, whatever they are.

        Raises TensorsRefusedError when names, types or fixed dimensions are not the graph's, and
        ModelRunError when a node of it fails.
        """
        try:
            found: list[Tensor] = self._session.run(list(outputs), tensors)
        except Exception as error:  # onnxruntime's errors share no public base class
            if _is_refusal(error):
                raise TensorsRefusedError(
                    f"the graph refuses the inputs: {_first_line(error)}"
                ) from error
            raise ModelRunError(f"the graph failed: {_place(error)}") from None
        return found

    def run(self, tensors: Mapping[str, Tensor], *, rows: int) -> Scores:
        """Compute one probability per row.

        Raises ModelRunError when the graph fails, or gives anything but `rows` numbers in [0, 1].
        """
        return _probabilities(self._output(tensors), rows)

    def run_row(self, tensors: Mapping[str, Tensor]) -> float:
        """Compute one row's probability: `run` at half the cost of its arrays."""
        output = self._output(tensors)
        if output.shape == (1,):
            score: float = output.item()
            if PROBABILITY.holds(score):
                return score
        return float(_probabilities(output, 1)[0])

    def _output(self, tensors: Mapping[str, Tensor]) -> Tensor:
        try:
            output: Tensor = self._run(_OUTPUTS, tensors, None)[0]
        except Exception as error:  # onnxruntime's errors share no public base class
            raise ModelRunError(f"the graph failed: {_place(error)}") from None
        return output


def _is_refusal(error: Exception) -> bool:
    # A ValueError is a missing or unknown name, found by onnxruntime's Python part.
    if isinstance(error, ValueError):
        return True
    return isinstance(error, InvalidArgument) and _IN_A_NODE not in _first_line(error)


def _probabilities(output: Tensor, rows: int) -> Scores:
    if output.shape != (rows,):
        raise ModelRunError(f"the graph gave shape {output.shape} for {rows} rows")
    return PROBABILITY.cut(np.asarray(output, dtype=np.float64))


def _inner_run(session: Any) -> Callable[..., list[Tensor]]:
    """Return what `InferenceSession.run` calls once it has compared the names.

    Who asks by `run` and `run_row` has them from the signature, and a call in a server costs 3 %
    less. It is private to onnxruntime; a release without it is asked in public.
    """
    run: Callable[..., list[Tensor]] = getattr(getattr(session, "_sess", None), "run", session.run)
    return run


def _place(error: Exception) -> str:
    """Tell the kind of a failure and the node. What onnxruntime adds may hold the call's values."""
    node, told, _ = _first_line(error).partition(" Status Message:")
    return node if told and _IN_A_NODE in node else type(error).__name__


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
