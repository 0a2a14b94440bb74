"""What a graph takes and gives, and whether the service can supply it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from weighbridge_server.models._errors import SignatureError

OUTPUT = "probability"


class Kind(Enum):
    """What a column of the service holds."""

    NUMBER = "number"
    TEXT = "text"


# onnxruntime's type names to the Open Inference Protocol's and to what can fill them.
_DATATYPES = {
    "tensor(float)": ("FP32", Kind.NUMBER),
    "tensor(double)": ("FP64", Kind.NUMBER),
    "tensor(int64)": ("INT64", Kind.NUMBER),
    "tensor(string)": ("BYTES", Kind.TEXT),
}


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output: its name, Open Inference Protocol data type and shape (-1 = rows)."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    @property
    def kind(self) -> Kind:
        """Tell what fills the tensor."""
        return Kind.TEXT if self.datatype == "BYTES" else Kind.NUMBER


@dataclass(frozen=True, slots=True)
class Signature:
    """The graph's inputs, in its own order, and its outputs."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


def describe_tensor(name: str, type_name: str, shape: list[int | str | None]) -> TensorSpec:
    """Translate onnxruntime's view of a tensor. Raises SignatureError for a type not served."""
    if type_name not in _DATATYPES:
        served = ", ".join(sorted(_DATATYPES))
        raise SignatureError(f"the graph's {name!r} is a {type_name}; served are {served}")
    dimensions = tuple(size if isinstance(size, int) else -1 for size in shape)
    return TensorSpec(name, _DATATYPES[type_name][0], dimensions)


def check_signature(signature: Signature, columns: Mapping[str, Kind]) -> None:
    """Raise SignatureError unless every input is one of `columns` and the output is as agreed."""
    faults = [fault for spec in signature.inputs if (fault := _input_fault(spec, columns))]
    if not any(_is_probability(spec) for spec in signature.outputs):
        faults.append(f"it has no output {OUTPUT!r} of shape [rows]")
    if faults:
        raise SignatureError(
            f"the graph does not fit this service: {'; '.join(faults)}; "
            "export the model from raw columns, or pin another version"
        )


def _input_fault(spec: TensorSpec, columns: Mapping[str, Kind]) -> str | None:
    if spec.name not in columns:
        return f"it wants {spec.name!r}, which no request has"
    if spec.kind is not columns[spec.name]:
        return (
            f"it wants {spec.name!r} as {spec.datatype}, the column is {columns[spec.name].value}"
        )
    if spec.shape != (-1,):
        return f"it wants {spec.name!r} with shape {list(spec.shape)}, columns have [rows]"
    return None


def _is_probability(spec: TensorSpec) -> bool:
    return spec.name == OUTPUT and spec.kind is Kind.NUMBER and spec.shape == (-1,)
