"""What a request for the serving model must look like: made once a model, read by every call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weighbridge_server.inference import Serving
from weighbridge_server.models import Pin, TensorSpec
from weighbridge_server.transport.openinference._elements import ELEMENTS, Elements
from weighbridge_server.transport.openinference.inference import open_inference_pb2 as pb


@dataclass(frozen=True, slots=True)
class ExpectedTensor:
    """One tensor of the signature, and how its elements are written."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    elements: Elements
    is_column: bool

    @classmethod
    def of(cls, spec: TensorSpec) -> "ExpectedTensor":
        """Read it off the signature."""
        elements = ELEMENTS[spec.datatype]
        return cls(spec.name, spec.datatype, spec.shape, elements, spec.shape == (-1,))

    def __str__(self) -> str:
        """Describe its form as metadata does."""
        return f"{self.datatype} {list(self.shape)}"


@dataclass(frozen=True, slots=True)
class Expected:
    """The signature by name, and what each answer begins with: model, version, digest.

    It holds the pin and not the model: one that was replaced is free when its last call has ended.
    """

    pin: Pin
    inputs: Mapping[str, ExpectedTensor]
    outputs: Mapping[str, ExpectedTensor]
    all_outputs: tuple[str, ...]
    equal_dimensions: Sequence[Sequence[tuple[str, int]]]
    row_inputs: Sequence[str]
    head: bytes

    @classmethod
    def of(cls, serving: Serving) -> "Expected":
        """Read it off what serves."""
        pin, signature = serving.model.pin, serving.model.signature
        head = pb.ModelInferResponse(model_name=pin.name, model_version=pin.version)
        head.parameters["model_digest"].string_param = pin.digest
        return cls(
            pin=pin,
            inputs={spec.name: ExpectedTensor.of(spec) for spec in signature.inputs},
            outputs={spec.name: ExpectedTensor.of(spec) for spec in signature.outputs},
            all_outputs=tuple(spec.name for spec in signature.outputs),
            equal_dimensions=serving.inferrer.equal_dimensions,
            row_inputs=serving.inferrer.rows.inputs,
            head=head.SerializeToString(),
        )
