"""What a graph takes and gives: names, data types, shapes."""

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from weighbridge_server.models._errors import SignatureError

OUTPUT: Final = "probability"


class Kind(Enum):
    """What a tensor or a column of a service holds."""

    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class _ElementType:
    datatype: str
    dtype: np.dtype[Any]
    kind: Kind


def _numeric(datatype: str, dtype: type[np.generic]) -> _ElementType:
    return _ElementType(datatype, np.dtype(dtype), Kind.NUMBER)


# By onnxruntime's type names. What is not here has no numpy type: bfloat16, the 8-bit floats,
# and what is no tensor (sequences, maps).
_ELEMENT_TYPES: Final = MappingProxyType(
    {
        "tensor(bool)": _ElementType("BOOL", np.dtype(np.bool_), Kind.FLAG),
        "tensor(uint8)": _numeric("UINT8", np.uint8),
        "tensor(uint16)": _numeric("UINT16", np.uint16),
        "tensor(uint32)": _numeric("UINT32", np.uint32),
        "tensor(uint64)": _numeric("UINT64", np.uint64),
        "tensor(int8)": _numeric("INT8", np.int8),
        "tensor(int16)": _numeric("INT16", np.int16),
        "tensor(int32)": _numeric("INT32", np.int32),
        "tensor(int64)": _numeric("INT64", np.int64),
        "tensor(float16)": _numeric("FP16", np.float16),
        "tensor(float)": _numeric("FP32", np.float32),
        "tensor(double)": _numeric("FP64", np.float64),
        "tensor(string)": _ElementType("BYTES", np.dtype(np.object_), Kind.TEXT),
    }
)
_BY_DATATYPE: Final = {element.datatype: element for element in _ELEMENT_TYPES.values()}


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output: its name, Open Inference Protocol data type and shape (-1 = any).

    `symbols` has the graph's own name of each dimension, "" for one without: dimensions of one
    name are of one size.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    symbols: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """Tell what fills the tensor."""
        return _BY_DATATYPE[self.datatype].kind

    @property
    def dtype(self) -> np.dtype[Any]:
        """Tell what numpy holds the tensor in; texts are objects."""
        return _BY_DATATYPE[self.datatype].dtype


@dataclass(frozen=True, slots=True)
class Signature:
    """The graph's inputs, in its own order, and its outputs."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def output(self, name: str) -> TensorSpec | None:
        """Find an output by its name."""
        return next((spec for spec in self.outputs if spec.name == name), None)


def describe_tensor(name: str, type_name: str, shape: list[int | str | None]) -> TensorSpec:
    """Translate onnxruntime's view of a tensor. Raises SignatureError for a type not served."""
    if type_name not in _ELEMENT_TYPES:
        served = ", ".join(_ELEMENT_TYPES)
        raise SignatureError(
            f"the graph's {name!r} is a {type_name}; served are {served}; export it as one of them"
        )
    dimensions = tuple(size if isinstance(size, int) else -1 for size in shape)
    symbols = tuple(size if isinstance(size, str) else "" for size in shape)
    return TensorSpec(name, _ELEMENT_TYPES[type_name].datatype, dimensions, symbols)
