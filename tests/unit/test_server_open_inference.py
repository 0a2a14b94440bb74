"""What a request of tensors may not be, and which rows a call is."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import helper

from tests.fix_served import Serve, Served
from tests.tensor_models import Shape, answered, artefact, infer_request
from weighbridge_server.transport import InvalidRequestError
from weighbridge_server.transport._errors import UnknownModelError
from weighbridge_server.transport.openinference.inference import open_inference_pb2 as pb

Spoil = Callable[[pb.ModelInferRequest], Any]

FLOATS = np.array([[1.5, 2], [3, 4]], np.float32)
TENSORS = {
    "x": ("FP32", FLOATS),
    "text": ("BYTES", np.array(["a", "é"], np.object_)),
    "small": ("INT8", np.array([7, -7], np.int8)),
    "yes": ("BOOL", np.array([True, False])),
}


@pytest.fixture(scope="module")
def served(serve: Serve) -> Served:
    """A model of four inputs that share their rows."""
    shapes: dict[str, Shape] = {
        "x": ["rows", 2],
        "text": ["rows"],
        "small": ["rows"],
        "yes": ["rows"],
    }
    return serve(
        artefact(
            [helper.make_node("Identity", [name], [f"{name}_back"]) for name in TENSORS],
            {name: (kind, shapes[name]) for name, (kind, _) in TENSORS.items()},
            {f"{name}_back": (kind, shapes[name]) for name, (kind, _) in TENSORS.items()},
            {name: tensor.tolist() for name, (_, tensor) in TENSORS.items()},
        )
    )


def faults(served: Served, request: pb.ModelInferRequest) -> dict[str, str]:
    with pytest.raises(InvalidRequestError) as caught:
        served.infer(request)
    return {item.field: item.description for item in caught.value.violations}


def set_shape(index: int, *shape: int) -> Spoil:
    def spoil(request: pb.ModelInferRequest) -> None:
        del request.inputs[index].shape[:]
        request.inputs[index].shape.extend(shape)

    return spoil


def set_raw(index: int, content: bytes) -> Spoil:
    return lambda request: request.raw_input_contents.__setitem__(index, content)


SPOILED: list[tuple[Spoil, str, str]] = [
    (lambda r: setattr(r.inputs[1], "name", "zz"), "inputs[1].name", "no input 'zz'"),
    (lambda r: setattr(r.inputs[1], "name", "zz"), "inputs", "lack 'text', BYTES [-1]"),
    (lambda r: setattr(r.inputs[1], "name", "x"), "inputs[1].name", "'x' is inputs[0] already"),
    (lambda r: setattr(r.inputs[0], "datatype", "FP64"), "inputs[0].datatype", "takes FP32"),
    (lambda r: setattr(r.inputs[0], "datatype", "BF16"), "inputs[0].datatype", "takes FP32"),
    (set_shape(0, 4), "inputs[0].shape", "has shape [4], the model takes FP32 [-1, 2]"),
    (set_shape(0, 2, 3), "inputs[0].shape", "[2, 3]"),
    (set_shape(0, -2, 2), "inputs[0].shape", "a dimension is 1 or more"),
    (set_shape(0, 0, 2), "inputs[0].shape", "a dimension is 1 or more"),
    (set_shape(0), "inputs[0].shape", "has shape []"),
    (set_shape(0, *[2] * 5000), "inputs[0].shape", "and more"),
    (lambda r: r.outputs.add(name="zz"), "outputs[0].name", "no output 'zz'"),
    (lambda r: [r.outputs.add(name="x_back") for _ in "ab"], "outputs[1].name", "already"),
]
RAW: list[tuple[Spoil, str, str]] = [
    (set_shape(0, 1 << 62, 2), "raw_input_contents[0]", "has 16 bytes"),
    (set_raw(0, b"123"), "raw_input_contents[0]", "has 3 bytes where 4 elements of 4 bytes are 16"),
    (set_raw(1, b"\1\0\0\0a\xff\0\0\0b"), "raw_input_contents[1]", "ends within element 1"),
    (set_raw(1, b"\1\0\0\0a\1\0"), "raw_input_contents[1]", "ends within element 1"),
    (set_raw(1, b"\1\0\0\0a"), "raw_input_contents[1]", "has 1 elements where its shape has 2"),
    (set_raw(1, b"\0" * 12), "raw_input_contents[1]", "2 elements and 4 bytes more"),
    (set_raw(1, b"\1\0\0\0a\1\0\0\0\xff"), "raw_input_contents[1]", "element 1 that is no UTF-8"),
    (set_raw(3, b"\1\2"), "raw_input_contents[3]", "a byte 2 where 0 or 1"),
    (lambda r: r.raw_input_contents.pop(), "raw_input_contents", "has 3 parts for 4 inputs"),
    (
        lambda r: r.inputs[0].contents.fp32_contents.append(1),
        "inputs[0].contents",
        "here and in raw_input_contents[0]",
    ),
]
TYPED: list[tuple[Spoil, str, str]] = [
    (set_shape(0, 1 << 62, 2), "inputs[0].contents", "has 4 elements where"),
    (lambda r: r.inputs[0].ClearField("contents"), "inputs[0].contents", "has nothing"),
    (
        lambda r: r.inputs[0].contents.fp64_contents.append(1),
        "inputs[0].contents",
        "has fp32_contents, fp64_contents; FP32 goes into fp32_contents",
    ),
    (
        lambda r: r.inputs[1].contents.bytes_contents.__setitem__(1, b"\xff"),
        "inputs[1].contents",
        "element 1 that is no UTF-8",
    ),
    (
        lambda r: r.inputs[2].contents.int_contents.__setitem__(1, 300),
        "inputs[2].contents",
        "has 300 as element 1, beyond its data type",
    ),
]


@pytest.mark.parametrize(
    ("raw", "spoil", "field", "words"),
    [
        *((raw, *case) for case in SPOILED for raw in (True, False)),
        *((True, *case) for case in RAW),
        *((False, *case) for case in TYPED),
    ],
)
def test_what_is_wrong_is_named(
    raw: bool, spoil: Spoil, field: str, words: str, served: Served
) -> None:
    request = infer_request(TENSORS, raw=raw)
    spoil(request)
    assert words in faults(served, request)[field]


def test_all_faults_are_named_at_once(served: Served) -> None:
    request = infer_request(TENSORS, raw=True)
    request.inputs[0].datatype = "FP64"
    request.raw_input_contents[1] = b""
    request.outputs.add(name="zz")
    assert list(faults(served, request)) == [
        "inputs[0].datatype",
        "raw_input_contents[1]",
        "outputs[0].name",
    ]


def test_names_of_callers_are_cut_and_made_ascii(served: Served) -> None:
    request = pb.ModelInferRequest(model_name="m")
    for index in range(50):
        request.inputs.add(name=f"{index}é" * 100)
    found = faults(served, request)
    assert len(found) == 51  # each, and those that are lacking
    assert all(text.isascii() and len(text) < 200 for text in found.values())


def test_a_crowd_of_tensors_is_counted_instead_of_looked_at(served: Served) -> None:
    request = infer_request(TENSORS, raw=True)
    for _ in range(1_000_000):
        request.inputs.add()
    for _ in range(1_000_000):
        request.outputs.add()
    assert faults(served, request) == {
        "inputs": "are 1000004; the model has 4",
        "outputs": "are 1000000; the model has 4",
        "raw_input_contents": "has 4 parts for 1000004 inputs",
    }


@pytest.mark.parametrize(
    ("name", "version", "fields"),
    [
        ("other", "", ["model_name"]),
        ("m", "8", ["model_version"]),
        ("m", "v7", ["model_version"]),
        ("other", "8", ["model_name", "model_version"]),
    ],
)
def test_another_model_is_not_found(
    name: str, version: str, fields: list[str], served: Served
) -> None:
    request = infer_request(TENSORS, raw=True, model=name, model_version=version)
    with pytest.raises(UnknownModelError) as caught:
        served.infer(request)
    assert [item.field for item in caught.value.violations] == fields
    assert all("is not served here" in item.description for item in caught.value.violations)


@pytest.mark.parametrize("raw", [True, False])
def test_outputs_come_as_asked_for(raw: bool, served: Served) -> None:
    names = ["text_back", "x_back"]
    wanted = [pb.ModelInferRequest.InferRequestedOutputTensor(name=name) for name in names]
    request = infer_request(TENSORS, raw=raw, outputs=wanted, id="mine", model_version="7")
    answer = served.infer(request)
    assert (answer.id, answer.model_name, answer.model_version) == ("mine", "m", "7")
    assert answer.parameters["model_digest"].string_param == served.serving.model.pin.digest
    assert [output.name for output in answer.outputs] == names
    found = answered(answer)
    assert found["text_back"].tolist() == ["a", "é"]
    assert found["x_back"].tolist() == FLOATS.tolist()


def test_dimensions_of_one_name_are_of_one_size(served: Served) -> None:
    request = infer_request({**TENSORS, "text": ("BYTES", np.array(["a"], object))}, raw=True)
    assert faults(served, request) == {
        "inputs[1].shape": "'text' has 1 as dimension 0 where 'x' has 2 as dimension 0"
    }
