"""A graph in onnxruntime: tensors in, one probability per row out."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

# It would report to its makers, and keep an id of the machine; read when it loads.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort  # type: ignore[import-untyped]  # it has no types

from weighbridge_server.models._errors import BrokenArtefactError, ModelRunError
from weighbridge_server.models._signature import OUTPUT, Signature, describe_tensor

Tensor = npt.NDArray[Any]
Scores = npt.NDArray[np.float64]
_FATAL = 4
# What a float32 sum of votes may be off.
_ROUNDING = 1e-6


class OnnxGraph:
    """One loaded graph. Calls are thread-safe and run on the caller's thread alone."""

    def __init__(self, content: bytes) -> None:
        """Load `content`; raises BrokenArtefactError when it is no model or uses unknown parts."""
        options = ort.SessionOptions()
        # The process serves calls side by side; threads inside one call would only fight them.
        options.intra_op_num_threads = 1
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

    def run(self, tensors: Mapping[str, Tensor], *, rows: int) -> Scores:
        """Compute one probability per row.

        Raises ModelRunError when the graph fails, or gives anything but `rows` numbers in [0, 1].
        """
        try:
            (output,) = self._session.run([OUTPUT], tensors)
        except Exception as error:  # onnxruntime's errors share no public base class
            raise ModelRunError(f"the graph failed: {_first_line(error)}") from error
        return _probabilities(np.asarray(output, dtype=np.float64), rows)


def _probabilities(scores: Scores, rows: int) -> Scores:
    if scores.shape != (rows,):
        raise ModelRunError(f"the graph gave shape {scores.shape} for {rows} rows")
    # Written so that NaN, which compares false with everything, is outside.
    outside = ~((scores >= -_ROUNDING) & (scores <= 1 + _ROUNDING))
    if outside.any():
        index = int(outside.argmax())
        raise ModelRunError(f"the graph gave {scores[index]} as row {index}'s probability")
    return scores.clip(0, 1)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
