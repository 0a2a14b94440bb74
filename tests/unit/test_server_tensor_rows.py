"""What a call of tensors leaves behind: rows, scores, counts; and whose fault a failure is."""

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from tests.fix_served import Serve, Served
from tests.tensor_models import DTYPES, TYPES, Shape, answered, artefact, echo, infer_request
from weighbridge_server.inference import BatchRows
from weighbridge_server.models import ModelRunError
from weighbridge_server.transport import InvalidRequestError
from weighbridge_server.transport.openinference.inference import open_inference_pb2 as pb

FLOATS = np.array([[1.5, 2], [3, 4]], np.float32)
TENSORS: Any = {
    "FP32": ("FP32", np.array([1.1, 2], np.float32)),
    "BYTES": ("BYTES", np.array(["a", "é"], np.object_)),
    "INT8": ("INT8", np.array([7, -7], np.int8)),
    "BOOL": ("BOOL", np.array([True, False])),
}


def refused(served: Served, request: pb.ModelInferRequest) -> dict[str, str]:
    with pytest.raises(InvalidRequestError) as caught:
        served.infer(request)
    return {item.field: item.description for item in caught.value.violations}


def test_rows_are_limited_as_a_batch_is(serve: Serve) -> None:
    served = serve(echo("INT8"), BatchRows.OFF)
    full = np.zeros(65_536, np.int8)
    answer = served.infer(infer_request({"INT8": ("INT8", full)}, raw=True))
    assert len(set(answer.parameters["prediction_ids"].string_param.split(","))) == 65_536
    request = infer_request({"INT8": ("INT8", np.zeros(65_537, np.int8))}, raw=True)
    assert "at most 65536" in refused(served, request)["inputs[0].shape"]
    assert served.counted.batches == [("ModelInfer", 65_536, 0)]


def test_rows_are_logged_under_their_ids(serve: Serve) -> None:
    served = serve(echo(*TENSORS))
    answer = served.infer(infer_request(TENSORS, raw=True))
    head, *rows = served.rows
    assert (head.kind, head.method, head.row_count, head.inputs) == ("call", "ModelInfer", 2, None)
    ids = answer.parameters["prediction_ids"].string_param.split(",")
    assert [str(row.prediction_id) for row in rows] == ids
    assert [(row.kind, row.row_index, row.score, row.label) for row in rows] == [
        ("row", 0, None, None),
        ("row", 1, None, None),
    ]
    assert [row.inputs for row in rows] == [
        {"FP32": 1.1, "BYTES": "a", "INT8": 7, "BOOL": True},
        {"FP32": 2.0, "BYTES": "é", "INT8": -7, "BOOL": False},
    ]


def test_one_row_is_one_row_of_the_log(serve: Serve) -> None:
    served = serve(echo(*TENSORS))
    tensors = {name: (kind, tensor[:1]) for name, (kind, tensor) in TENSORS.items()}
    answer = served.infer(infer_request(tensors, raw=False))
    (row,) = served.rows
    assert (row.kind, row.row_count) == ("call", 1)
    assert str(row.prediction_id) == answer.parameters["prediction_ids"].string_param
    # As short as it was written: float32's own digits.
    assert row.inputs == {"FP32": 1.1, "BYTES": "a", "INT8": 7, "BOOL": True}


def scored(score: str, threshold: str = "0.5") -> bytes:
    """Build one that doubles its input; the score is a column of that."""
    return artefact(
        [helper.make_node("Add", ["x", "x"], ["twice"])],
        {"x": ("FP32", ["n", 2])},
        {"twice": ("FP32", ["n", 2])},
        {"x": [[1, 2]]},
        score=score,
        threshold=threshold,
    )


def test_the_score_is_what_the_artefact_names(serve: Serve) -> None:
    served = serve(scored("twice[1]", "5"))
    served.infer(infer_request({"x": ("FP32", FLOATS)}, raw=True))
    assert [(row.score, row.label) for row in served.rows] == [
        (None, None),
        (4.0, False),
        (8.0, True),
    ]


def test_no_score_of_wild_numbers_is_the_callers_fault(serve: Serve) -> None:
    served = serve(scored("twice[1]"))
    for wild in (np.nan, np.inf, 3e38):
        tensor = np.array([[1, 1], [1, wild]], np.float32)
        found = refused(served, infer_request({"x": ("FP32", tensor)}, raw=True))
        assert found == {
            "inputs[0]": "'x': 1 elements are NaN, infinite or too large to compute with"
        }
    assert served.rows == []


def test_no_score_of_tame_numbers_is_the_models_fault(serve: Serve) -> None:
    served = serve(
        artefact(
            [helper.make_node("Sqrt", ["x"], ["probability"])],
            {"x": ("FP32", ["n"])},
            {"probability": ("FP32", ["n"])},
            {"x": [1]},
        )
    )
    with pytest.raises(ModelRunError, match="gave nan as row 1's score"):
        served.infer(infer_request({"x": ("FP32", np.array([1, -1], np.float32))}, raw=True))


def product_model() -> bytes:
    """Build one whose two inputs must agree in a dimension that has no name."""
    return artefact(
        [helper.make_node("MatMul", ["a", "b"], ["product"])],
        {"a": ("FP32", [None, None]), "b": ("FP32", [None, 2])},
        {"product": ("FP32", [None, 2])},
        {"a": [[1, 2, 3]], "b": [[1, 2], [3, 4], [5, 6]]},
    )


def test_shapes_that_do_not_go_together_are_the_callers_fault(serve: Serve) -> None:
    served = serve(product_model())
    shapes = {"a": (5, 3), "b": (3, 2)}
    tensors = {name: ("FP32", np.ones(shape, np.float32)) for name, shape in shapes.items()}
    assert answered(served.infer(infer_request(tensors, raw=True)))["product"].shape == (5, 2)
    tensors["a"] = ("FP32", np.ones((5, 4), np.float32))
    found = refused(served, infer_request(tensors, raw=True))
    assert "the graph fails for the shape [5, 4]" in found["inputs[0]"]


def test_what_has_no_rows_is_one_row(serve: Serve) -> None:
    served = serve(product_model())
    tensors = {"a": ("FP32", np.ones((5, 2), np.float32)), "b": ("FP32", FLOATS)}
    answer = served.infer(infer_request(tensors, raw=True))
    (row,) = served.rows
    assert str(row.prediction_id) == answer.parameters["prediction_ids"].string_param
    assert row.inputs == {"a": [[1.0, 1.0]] * 5, "b": FLOATS.tolist()}


def test_a_failure_with_a_form_that_was_tried_is_the_models_fault(serve: Serve) -> None:
    served = serve(
        artefact(
            [
                helper.make_node(
                    "Constant",
                    [],
                    ["table"],
                    value=helper.make_tensor("t", TensorProto.FLOAT, [2], [1.0, 2.0]),
                ),
                helper.make_node("Gather", ["table", "x"], ["y"]),
            ],
            {"x": ("INT64", ["n"])},
            {"y": ("FP32", ["n"])},
            {"x": [1]},
        )
    )
    with pytest.raises(ModelRunError):
        served.infer(infer_request({"x": ("INT64", np.array([1, 9]))}, raw=True))


def test_unknown_texts_are_served_and_counted(serve: Serve) -> None:
    served = serve(
        artefact(
            [helper.make_node("Identity", ["t"], ["back"])],
            {"t": ("BYTES", ["n"])},
            {"back": ("BYTES", ["n"])},
            {"t": ["a"]},
            known_values='{"t": ["a", "b"]}',
        )
    )
    for texts in (["a"], ["x"], ["a", "x", "y"]):
        served.infer(infer_request({"t": ("BYTES", np.array(texts, object))}, raw=True))
    assert served.counted.unknown == [("t", 1), ("t", 2)]


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("shape", [("n",), ("n", 2), ("n", 1, 2)])
def test_every_data_type_can_be_logged(rows: int, shape: Shape, serve: Serve) -> None:
    served = serve(echo(*TYPES, shape=shape))
    sizes = (rows, *(int(size) for size in shape[1:] if size))
    tensors: Any = {
        kind: (kind, np.full(sizes, "ü" if kind == "BYTES" else 1, DTYPES[kind])) for kind in TYPES
    }
    served.infer(infer_request(tensors, raw=True))
    logged = [row.inputs for row in served.rows if row.inputs]
    assert (
        logged
        == [
            {
                kind: tensor[0].tolist() if len(shape) > 1 else tensor[0]
                for kind, (_, tensor) in tensors.items()
            }
        ]
        * rows
    )


def test_what_is_no_number_is_logged_as_null(serve: Serve) -> None:
    served = serve(echo("FP32"))
    served.infer(infer_request({"FP32": ("FP32", np.array([np.nan], np.float32))}, raw=True))
    (row,) = served.rows
    assert row.inputs == {"FP32": None}


def test_what_all_rows_share_stands_in_each(serve: Serve) -> None:
    served = serve(
        artefact(
            [
                helper.make_node("Mul", ["x", "factor"], ["product"]),
                helper.make_node("Add", ["product", "offsets"], ["sum"]),
            ],
            {"x": ("FP32", ["n", 2]), "factor": ("FP32", []), "offsets": ("FP32", [2])},
            {"sum": ("FP32", ["n", 2])},
            {"x": [[1, 2]], "factor": 2, "offsets": [0, 1]},
        )
    )
    tensors: Any = {
        "x": ("FP32", FLOATS),
        "factor": ("FP32", np.array(10, np.float32)),
        "offsets": ("FP32", np.array([0, 1], np.float32)),
    }
    answer = served.infer(infer_request(tensors, raw=False))
    assert answered(answer)["sum"].tolist() == [[15, 21], [30, 41]]
    assert [row.inputs for row in served.rows[1:]] == [
        {"x": [1.5, 2], "factor": 10, "offsets": [0, 1]},
        {"x": [3, 4], "factor": 10, "offsets": [0, 1]},
    ]
