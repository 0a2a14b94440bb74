"""From what a model gave to the protocol's answers."""

from collections.abc import Sequence

from weighbridge_predictionlog import PredictionIds
from weighbridge_server.inference import Inference
from weighbridge_server.models import ReadyModel, Tensor, TensorSpec
from weighbridge_server.transport.openinference._expected import Expected, ExpectedTensor
from weighbridge_server.transport.openinference.inference import open_inference_pb2 as pb


def infer_content(
    request: pb.ModelInferRequest, wanted: Sequence[str], inference: Inference, expected: Expected
) -> bytes:
    """Answer a request in the representation that it has itself."""
    specs = [expected.outputs[name] for name in wanted]
    answer = pb.ModelInferResponse(id=request.id)
    ids = inference.prediction_ids
    texts = ids.texts() if isinstance(ids, PredictionIds) else map(str, ids)
    answer.parameters["prediction_ids"].string_param = ",".join(texts)
    # FP16 has no typed form, and an answer is either all raw or all typed.
    if request.raw_input_contents or any(spec.elements.field is None for spec in specs):
        _add_raw(answer, specs, inference.outputs)
    else:
        _add_typed(answer, specs, inference.outputs)
    # Messages written one after the other are one message.
    return expected.head + answer.SerializeToString()


def metadata_message(model: ReadyModel) -> pb.ModelMetadataResponse:
    """Tell a model's tensors."""
    return pb.ModelMetadataResponse(
        name=model.pin.name,
        versions=[model.pin.version],
        platform="onnxruntime_onnx",
        inputs=[_tensor_metadata(spec) for spec in model.signature.inputs],
        outputs=[_tensor_metadata(spec) for spec in model.signature.outputs],
    )


def _add_raw(
    answer: pb.ModelInferResponse, specs: Sequence[ExpectedTensor], tensors: Sequence[Tensor]
) -> None:
    for spec, tensor in zip(specs, tensors, strict=True):
        answer.outputs.add(name=spec.name, datatype=spec.datatype, shape=tensor.shape)
        answer.raw_output_contents.append(spec.elements.to_raw(tensor))


def _add_typed(
    answer: pb.ModelInferResponse, specs: Sequence[ExpectedTensor], tensors: Sequence[Tensor]
) -> None:
    for spec, tensor in zip(specs, tensors, strict=True):
        contents = {str(spec.elements.field): spec.elements.to_typed(tensor)}
        answer.outputs.add(
            name=spec.name,
            datatype=spec.datatype,
            shape=tensor.shape,
            contents=pb.InferTensorContents(**contents),
        )


def _tensor_metadata(spec: TensorSpec) -> pb.ModelMetadataResponse.TensorMetadata:
    return pb.ModelMetadataResponse.TensorMetadata(
        name=spec.name, datatype=spec.datatype, shape=spec.shape
    )
