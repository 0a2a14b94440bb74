"""Small ONNX graphs that somebody might bring."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_WIDTH = 3


def save(path: Path, *nodes: onnx.NodeProto, inputs: dict[str, int] | None = None) -> Path:
    """Write a graph from [rows, 3] numbers to the [rows, 2] `scores` and the [rows] `label`."""
    given = inputs or {"X": TensorProto.FLOAT}
    graph = helper.make_graph(
        list(nodes),
        "somebody's",
        [helper.make_tensor_value_info(name, kind, ["n", _WIDTH]) for name, kind in given.items()],
        [
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 2]),
            helper.make_tensor_value_info("label", TensorProto.INT64, ["n"]),
        ],
        [numpy_helper.from_array(np.ones((_WIDTH, 2), np.float32), "weights")],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("somebody", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def linear(path: Path, *, input_name: str = "X") -> Path:
    """Write a graph that is well: `scores` are the sums of a row."""
    return save(
        path,
        helper.make_node("MatMul", [input_name, "weights"], ["scores"]),
        helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
        inputs={input_name: TensorProto.FLOAT},
    )


def random(path: Path) -> Path:
    """Write a graph that answers differently each time."""
    return save(
        path,
        helper.make_node("RandomUniformLike", ["X"], ["noise"]),
        helper.make_node("MatMul", ["noise", "weights"], ["scores"]),
        helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
    )


def own_operator(path: Path) -> Path:
    """Write a graph that needs code of somebody's."""
    return save(
        path,
        helper.make_node("Guess", ["X"], ["scores"], domain="somebody"),
        helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
    )


def in_two_files(path: Path) -> Path:
    """Write a graph whose weights lie in a file beside it."""
    onnx.save(
        onnx.load(linear(path)), path, save_as_external_data=True, size_threshold=0, location="w"
    )
    return path
