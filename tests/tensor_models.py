"""Small ONNX artefacts of any signature, and requests of tensors for them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort  # type: ignore[import-untyped]
from onnx import TensorProto, helper

from weighbridge_server.transport.openinference._elements import ELEMENTS
from weighbridge_server.transport.openinference.inference import open_inference_pb2 as pb

Tensor = npt.NDArray[Any]
Shape = Sequence[str | int | None]

TYPES: Mapping[str, int] = {
    "BOOL": TensorProto.BOOL,
    "INT8": TensorProto.INT8,
    "INT16": TensorProto.INT16,
    "INT32": TensorProto.INT32,
    "INT64": TensorProto.INT64,
    "UINT8": TensorProto.UINT8,
    "UINT16": TensorProto.UINT16,
    "UINT32": TensorProto.UINT32,
    "UINT64": TensorProto.UINT64,
    "FP16": TensorProto.FLOAT16,
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "BYTES": TensorProto.STRING,
}
DTYPES: Mapping[str, Any] = {
    "BOOL": np.bool_,
    **{name: np.dtype(name.lower()) for name in TYPES if "INT" in name},
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
    "BYTES": np.object_,
}
TYPED_FIELDS: Mapping[str, str] = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


def artefact(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, tuple[str, Shape]],
    outputs: Mapping[str, tuple[str, Shape]],
    smoke: Mapping[str, Any],
    **metadata: str,
) -> bytes:
    """Build an artefact whose recorded answer to `smoke` is what it gives here."""
    graph = helper.make_graph(list(nodes), "any", _infos(inputs), _infos(outputs))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = {name: np.array(smoke[name], DTYPES[kind]) for name, (kind, _) in inputs.items()}
    found = zip(outputs, session.run(list(outputs), feeds), strict=True)
    recorded = {
        "inputs": dict(smoke),
        "outputs": {name: tensor.tolist() for name, tensor in found},
        "tolerance": 1e-5,
    }
    properties = {f"weighbridge.{key}": value for key, value in metadata.items()}
    helper.set_model_props(model, properties | {"weighbridge.smoke": json.dumps(recorded)})
    return model.SerializeToString()


def echo(*kinds: str, shape: Shape = ("rows",)) -> bytes:
    """Build one that gives back its inputs, one of each data type, as `<name>_back`."""
    ones = [size if isinstance(size, int) else 1 for size in shape]
    return artefact(
        [helper.make_node("Identity", [kind], [f"{kind}_back"]) for kind in kinds],
        {kind: (kind, shape) for kind in kinds},
        {f"{kind}_back": (kind, shape) for kind in kinds},
        {kind: np.full(ones, "a" if kind == "BYTES" else 1, np.object_).tolist() for kind in kinds},
    )


def infer_request(
    tensors: Mapping[str, tuple[str, Tensor]], *, raw: bool, model: str = "m", **fields: Any
) -> pb.ModelInferRequest:
    """Ask about tensors, each with its data type."""
    request = pb.ModelInferRequest(model_name=model, **fields)
    for name, (datatype, tensor) in tensors.items():
        given = request.inputs.add(name=name, datatype=datatype, shape=tensor.shape)
        if raw:
            request.raw_input_contents.append(ELEMENTS[datatype].to_raw(tensor))
        else:
            values = [
                value.encode() if isinstance(value, str) else value
                for value in tensor.ravel().tolist()
            ]
            getattr(given.contents, TYPED_FIELDS[datatype]).extend(values)
    return request


def answered(answer: pb.ModelInferResponse) -> dict[str, Tensor]:
    """Read an answer's outputs, raw or typed."""
    found: dict[str, Tensor] = {}
    for index, output in enumerate(answer.outputs):
        dtype, shape = DTYPES[output.datatype], list(output.shape)
        if answer.raw_output_contents:
            content = answer.raw_output_contents[index]
            if output.datatype == "BYTES":
                tensor = ELEMENTS["BYTES"].from_raw(content, shape, int(np.prod(shape)))
            else:
                tensor = np.frombuffer(content, dtype).reshape(shape)
        else:
            values = getattr(output.contents, TYPED_FIELDS[output.datatype])
            texts = output.datatype == "BYTES"
            tensor = np.array([v.decode() if texts else v for v in values], dtype).reshape(shape)
        found[output.name] = tensor
    return found


def _infos(tensors: Mapping[str, tuple[str, Shape]]) -> list[onnx.ValueInfoProto]:
    return [
        helper.make_tensor_value_info(name, TYPES[kind], list(shape))
        for name, (kind, shape) in tensors.items()
    ]
