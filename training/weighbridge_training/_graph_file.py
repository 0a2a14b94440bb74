"""Read somebody's ONNX file: one self-contained graph that onnxruntime can run as it comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError
from onnx import TensorProto

from weighbridge_training._errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

Tensor = npt.NDArray[Any]
# By the Open Inference Protocol's names; a server serves these and no others.
_DATATYPES: Final[dict[int, str]] = {
    TensorProto.BOOL: "BOOL",
    TensorProto.UINT8: "UINT8",
    TensorProto.UINT16: "UINT16",
    TensorProto.UINT32: "UINT32",
    TensorProto.UINT64: "UINT64",
    TensorProto.INT8: "INT8",
    TensorProto.INT16: "INT16",
    TensorProto.INT32: "INT32",
    TensorProto.INT64: "INT64",
    TensorProto.FLOAT16: "FP16",
    TensorProto.FLOAT: "FP32",
    TensorProto.DOUBLE: "FP64",
    TensorProto.STRING: "BYTES",
}


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """An input or output of a graph; -1 in its shape stands for any size."""

    name: str
    datatype: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    def __str__(self) -> str:
        """Return "X FP32 [-1, 30]"."""
        return f"{self.name} {self.datatype} {list(self.shape)}"


@dataclass(frozen=True, slots=True)
class GraphFile:
    """A graph that can be served, with what it takes and gives."""

    model: onnx.ModelProto
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    @property
    def signature(self) -> str:
        """What it takes and gives, in one line."""
        inputs, outputs = (", ".join(map(str, specs)) for specs in (self.inputs, self.outputs))
        return f"{inputs} -> {outputs}"

    def run_twice(self, feeds: Mapping[str, Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Answer the same inputs two times; ModelFileError when onnxruntime cannot."""
        session = _session(self.model.SerializeToString())
        names = [spec.name for spec in self.outputs]
        try:
            first, second = (session.run(names, dict(feeds)) for _ in range(2))
        except Exception as error:  # onnxruntime's own classes share no base but this one
            raise ModelFileError(f"the graph cannot answer the example: {error}") from error
        return first, second


def read_graph(path: Path) -> GraphFile:
    """Read and check a file. ModelFileError says what about it cannot be served, and why."""
    try:
        model = onnx.load_from_string(path.read_bytes())
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}") from error
    except DecodeError as error:
        raise ModelFileError(f"{path} is no ONNX file ({error})") from error
    if not model.graph.node:
        raise ModelFileError(f"{path} is no ONNX file: there is no graph in it")
    if outside := sorted({tensor.name for tensor in _tensors(model) if _is_outside(tensor)}):
        raise ModelFileError(
            f"{path} keeps {', '.join(outside)} in another file (external data), and a digest "
            "covers one: save it as one, onnx.save(model, path, save_as_external_data=False)"
        )
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise ModelFileError(f"{path} breaks ONNX's rules: {error}") from error
    _session(model.SerializeToString())
    held = {constant.name for constant in model.graph.initializer}
    inputs = tuple(_spec(item) for item in model.graph.input if item.name not in held)
    return GraphFile(model, inputs, tuple(_spec(item) for item in model.graph.output))


def _session(content: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # what goes wrong is raised
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own classes share no base but this one
        raise ModelFileError(
            f"onnxruntime {onnxruntime.__version__} does not load the graph ({error}). Operators "
            "of one's own are not served: no code comes with a model"
        ) from error


def _spec(item: onnx.ValueInfoProto) -> TensorSpec:
    kind = item.type.tensor_type
    if not item.type.HasField("tensor_type") or kind.elem_type not in _DATATYPES:
        raise ModelFileError(
            f"{item.name!r} is none of {', '.join(_DATATYPES.values())}, which is what is served; "
            "of scikit-learn's classifiers, convert with options={'zipmap': False}"
        )
    shape = tuple(size.dim_value if size.HasField("dim_value") else -1 for size in kind.shape.dim)
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
    return TensorSpec(item.name, _DATATYPES[kind.elem_type], dtype, shape)


def _is_outside(tensor: TensorProto) -> bool:
    return tensor.data_location == TensorProto.EXTERNAL


def _tensors(model: onnx.ModelProto) -> Iterator[TensorProto]:
    yield from _tensors_of_graph(model.graph)
    for function in model.functions:
        yield from _tensors_of_nodes(function.node)


def _tensors_of_graph(graph: onnx.GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    yield from _tensors_of_nodes(graph.node)


def _tensors_of_nodes(nodes: Sequence[onnx.NodeProto]) -> Iterator[TensorProto]:
    for attribute in (attribute for node in nodes for attribute in node.attribute):
        yield from (attribute.t, *attribute.tensors)
        for graph in (attribute.g, *attribute.graphs):
            yield from _tensors_of_graph(graph)
