"""A small builder of ONNX graphs: names every tensor and keeps inputs and constants unique."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from weighbridge_training._columns import OUTPUT

ML_DOMAIN: Final = "ai.onnx.ml"
# Old enough for every server in use (KServe, Triton, MLServer), new enough for all we need.
_OPSET, _ML_OPSET, _IR_VERSION = 17, 3, 8

_INPUT_TYPES = {
    "timestamp": TensorProto.INT64,
    "asset_id": TensorProto.STRING,
    "traffic_status": TensorProto.STRING,
    "delay_reason": TensorProto.STRING,
}


class GraphBuilder:
    """Collects nodes; each method returns the name of the tensor that it made."""

    def __init__(self) -> None:
        self._inputs: dict[str, onnx.ValueInfoProto] = {}
        self._constants: dict[str, onnx.TensorProto] = {}
        self._nodes: list[onnx.NodeProto] = []

    def input(self, name: str) -> str:
        """Take the raw column of this name, one value per row."""
        kind = _INPUT_TYPES.get(name, TensorProto.FLOAT)
        self._inputs.setdefault(name, helper.make_tensor_value_info(name, kind, ["rows"]))
        return name

    def constant(self, value: Any, dtype: type) -> str:
        """Keep a value in the graph."""
        tensor = numpy_helper.from_array(np.array(value, dtype=dtype))
        name = f"constant_{len(self._constants)}"
        for known, other in self._constants.items():
            if other.raw_data == tensor.raw_data and _shape(other) == _shape(tensor):
                name = known
        tensor.name = name
        self._constants[name] = tensor
        return name

    def node(
        self, kind: str, *inputs: str, domain: str = "", output: str = "", **attributes: Any
    ) -> str:
        """Add a node with one output."""
        output = output or f"{kind.lower()}_{len(self._nodes)}"
        made = helper.make_node(kind, list(inputs), [output], domain=domain, **attributes)
        self._nodes.append(made)
        return output

    def lookup(self, text: str, table: dict[str, float], default: float) -> str:
        """Map the strings of a tensor to floats; an unknown string gives the default."""
        return self.node(
            "LabelEncoder",
            text,
            domain=ML_DOMAIN,
            keys_strings=list(table),
            values_floats=list(table.values()),
            default_float=default,
        )

    def model(self) -> onnx.ModelProto:
        """Finish the graph; its output is the tensor named `probability`."""
        graph = helper.make_graph(
            self._nodes,
            "weighbridge",
            list(self._inputs.values()),
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["rows"])],
            list(self._constants.values()),
        )
        model = helper.make_model(
            graph,
            producer_name="weighbridge_training",
            opset_imports=[
                helper.make_opsetid("", _OPSET),
                helper.make_opsetid(ML_DOMAIN, _ML_OPSET),
            ],
            ir_version=_IR_VERSION,
        )
        onnx.checker.check_model(model)
        return model


def _shape(tensor: onnx.TensorProto) -> tuple[int, tuple[int, ...]]:
    return tensor.data_type, tuple(tensor.dims)
