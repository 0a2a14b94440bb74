"""Graphs of any signature: tensors in and out, the score, the recorded prediction."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort  # type: ignore[import-untyped]
import pytest
from onnx import TensorProto, helper

from weighbridge_server.models import (
    NUMBERS,
    TEXTS,
    WHOLE_NUMBERS,
    BrokenArtefactError,
    Columns,
    Kind,
    ModelRunError,
    OnnxGraph,
    Pin,
    ReadyModel,
    ScoreRef,
    SignatureError,
    SmokeTestError,
    TensorsRefusedError,
    load_model,
)

# What a graph can take, as ONNX, the Open Inference Protocol and numpy call it.
TYPES = [
    (TensorProto.BOOL, "BOOL", np.bool_),
    (TensorProto.UINT8, "UINT8", np.uint8),
    (TensorProto.UINT16, "UINT16", np.uint16),
    (TensorProto.UINT32, "UINT32", np.uint32),
    (TensorProto.UINT64, "UINT64", np.uint64),
    (TensorProto.INT8, "INT8", np.int8),
    (TensorProto.INT16, "INT16", np.int16),
    (TensorProto.INT32, "INT32", np.int32),
    (TensorProto.INT64, "INT64", np.int64),
    (TensorProto.FLOAT16, "FP16", np.float16),
    (TensorProto.FLOAT, "FP32", np.float32),
    (TensorProto.DOUBLE, "FP64", np.float64),
    (TensorProto.STRING, "BYTES", np.object_),
]
# An element type and a shape.
Form = tuple[int, list[int | None]]
SMOKE: Mapping[str, Any] = {
    "inputs": {"x": [[1.0, 2.0, 3.0]]},
    "outputs": {"doubled": [[2.0, 4.0, 6.0]], "total": [6.0]},
    "tolerance": 1e-6,
}


def build(
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, Form],
    outputs: Mapping[str, Form],
    constants: Mapping[str, Any] | None = None,
    **properties: str,
) -> bytes:
    graph = helper.make_graph(
        nodes,
        "any",
        [helper.make_tensor_value_info(name, *form) for name, form in inputs.items()],
        [helper.make_tensor_value_info(name, *form) for name, form in outputs.items()],
        [onnx.numpy_helper.from_array(np.array(v), n) for n, v in (constants or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    helper.set_model_props(model, {f"weighbridge.{key}": v for key, v in properties.items()})
    return model.SerializeToString()


def doubling(smoke: Any = SMOKE, **properties: str) -> bytes:
    """Build a graph that gives three numbers a row doubled, and their sum."""
    return build(
        [
            helper.make_node("Mul", ["x", "two"], ["doubled"]),
            helper.make_node("ReduceSum", ["x", "axis"], ["total"], keepdims=0),
        ],
        {"x": (TensorProto.FLOAT, [None, 3])},
        {"doubled": (TensorProto.FLOAT, [None, 3]), "total": (TensorProto.FLOAT, [None])},
        {"two": np.float32(2), "axis": np.array([1], np.int64)},
        smoke=json.dumps(smoke),
        **properties,
    )


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def load(
        content: bytes, columns: Columns | None = None, *, must_fit: bool = True
    ) -> ReadyModel:
        path = tmp_path / "any.onnx"
        path.write_bytes(content)
        pin = Pin("any", "1", path.as_uri(), hashlib.sha256(content).hexdigest())
        must_fit = must_fit and columns is not None
        return load_model(pin, columns or {}, tmp_path / "cache", must_fit=must_fit, threads=2)

    return load


@pytest.mark.parametrize(("onnx_type", "datatype", "dtype"), TYPES)
def test_every_type_goes_in_and_out(onnx_type: int, datatype: str, dtype: Any) -> None:
    form: Form = (onnx_type, [None, 2])
    node = helper.make_node("Identity", ["x"], ["y"])
    graph = OnnxGraph(build([node], {"x": form}, {"y": form}))
    (spec,) = graph.signature.inputs
    assert (spec.name, spec.datatype, spec.shape) == ("x", datatype, (-1, 2))
    assert spec.dtype == np.dtype(dtype)
    given = np.array([["a", "é"]] if spec.kind is Kind.TEXT else [[1, 0]], dtype)
    (found,) = graph.infer({"x": given}, ["y"])
    assert found.dtype == given.dtype
    assert found.tolist() == given.tolist()


def test_a_type_without_a_numpy_form_is_named() -> None:
    form: Form = (TensorProto.BFLOAT16, [None])
    node = helper.make_node("Identity", ["x"], ["y"])
    with pytest.raises(SignatureError, match=r"'x' is a tensor\(bfloat16\); served are tensor\("):
        OnnxGraph(build([node], {"x": form}, {"y": form}))


def test_outputs_come_in_the_order_asked_for() -> None:
    graph = OnnxGraph(doubling())
    total, doubled = graph.infer({"x": np.ones((2, 3), np.float32)}, ["total", "doubled"])
    assert (total.tolist(), doubled.shape) == ([3, 3], (2, 3))
    (only,) = graph.infer({"x": np.ones((1, 3), np.float32)}, ["total"])
    assert only.tolist() == [3]


@pytest.mark.parametrize(
    "tensors",
    [
        {"x": np.ones((2, 4), np.float32)},
        {"x": np.ones(3, np.float32)},
        {"x": np.ones((2, 3), np.float64)},
        {"y": np.ones((2, 3), np.float32)},
        {"x": np.ones((2, 3), np.float32), "y": np.ones(1, np.float32)},
        {},
    ],
    ids=["dimension", "rank", "type", "other name", "one too many", "none"],
)
def test_tensors_that_are_not_the_graphs_are_the_callers_fault(
    tensors: dict[str, Any],
) -> None:
    with pytest.raises(TensorsRefusedError):
        OnnxGraph(doubling()).infer(tensors, ["total"])


def test_a_node_that_fails_is_the_models_fault() -> None:
    look_up = helper.make_node("Gather", ["table", "x"], ["y"])
    graph = OnnxGraph(
        build(
            [look_up],
            {"x": (TensorProto.INT64, [None])},
            {"y": (TensorProto.FLOAT, [None])},
            {"table": np.zeros(3, np.float32)},
        )
    )
    with pytest.raises(ModelRunError, match="Gather"):
        graph.infer({"x": np.array([3])}, ["y"])


@pytest.mark.parametrize(
    ("named", "score"),
    [
        ({}, None),
        ({"score": "total"}, ScoreRef("total")),
        ({"score": "doubled[1]"}, ScoreRef("doubled", 1)),
    ],
)
def test_the_artefact_says_which_output_is_the_score(
    named: dict[str, str], score: ScoreRef | None, load: Any
) -> None:
    model = load(doubling(**named))
    assert model.score == score
    assert model.metadata.threshold is None
    if score is not None:
        (output,) = model.graph.infer({"x": np.ones((2, 3), np.float32)}, [score.output])
        assert score.select(output).tolist() == ([3, 3] if score.column is None else [2, 2])


@pytest.mark.parametrize("name", ["other", "doubled", "doubled[3]", "total[0]", "doubled[-1]"])
def test_a_score_that_the_graph_does_not_give_is_refused(name: str, load: Any) -> None:
    with pytest.raises(BrokenArtefactError, match="name an output with one number a row"):
        load(doubling(score=name))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"outputs": {"total": [6.1]}}, "total is .*, training recorded"),
        ({"outputs": {"total": [6.0, 6.0]}}, "total is .*, training recorded"),
        ({"outputs": {"other": [6.0]}}, "gives no .*other"),
        ({"inputs": {}}, "inputs lack .*x"),
        ({"inputs": {"x": [[1.0, 2.0], [3.0]]}}, "'x' is no tensor of FP32"),
        ({"inputs": {"x": [["a", "b", "c"]]}}, "'x' is no tensor of FP32"),
    ],
)
def test_a_recorded_prediction_that_does_not_come_out_again_is_told(
    changes: dict[str, Any], words: str, load: Any
) -> None:
    with pytest.raises(SmokeTestError, match=words):
        load(doubling({**SMOKE, **changes}))


@pytest.mark.parametrize("smoke", [{**SMOKE, "outputs": {}}, {"inputs": {}, "tolerance": 1}, {}])
def test_a_model_without_a_recorded_prediction_is_refused(smoke: Any, load: Any) -> None:
    with pytest.raises(BrokenArtefactError, match=r"weighbridge\.smoke\.outputs"):
        load(doubling(smoke))


def test_large_numbers_are_compared_by_their_size(load: Any) -> None:
    smoke = {"inputs": {"x": [[1e6, 0, 0]]}, "outputs": {"total": [1e6 + 0.5]}, "tolerance": 1e-6}
    assert load(doubling(smoke)).signature.output("total") is not None


def test_a_model_that_takes_other_tensors_does_not_fit_columns(load: Any) -> None:
    assert load(doubling()).misfit is not None
    with pytest.raises(SignatureError, match=r"wants 'x' with shape \[-1, 3\].*no output"):
        load(doubling(), {"x": NUMBERS})


def giving_back(onnx_type: int, value: Any = 1) -> bytes:
    """Build a graph that casts its input to its probability."""
    return build(
        [helper.make_node("Cast", ["x"], ["probability"], to=TensorProto.FLOAT)],
        {"x": (onnx_type, [None])},
        {"probability": (TensorProto.FLOAT, [None])},
        smoke=json.dumps(
            {"inputs": {"x": [value]}, "outputs": {"probability": [value]}, "tolerance": 1e-5}
        ),
        threshold="0.5",
    )


@pytest.mark.parametrize(
    ("columns", "fillable"),
    [(NUMBERS, {"FP32", "FP64"}), (WHOLE_NUMBERS, {"INT64", "FP64"}), (TEXTS, {"BYTES"})],
    ids=["numbers", "whole numbers", "texts"],
)
@pytest.mark.parametrize(("onnx_type", "datatype", "dtype"), TYPES)
def test_columns_fill_what_takes_their_values_as_they_are(
    columns: frozenset[str],
    fillable: set[str],
    onnx_type: int,
    datatype: str,
    dtype: Any,
    load: Any,
) -> None:
    content = giving_back(onnx_type, "1" if dtype is np.object_ else 1)
    if datatype in fillable:
        assert load(content, {"x": columns}).misfit is None
    else:
        with pytest.raises(SignatureError, match=f"wants 'x' as {datatype}, the column fills "):
            load(content, {"x": columns})


def test_a_prediction_that_the_graph_fails_on_is_told_as_the_recorded_one(load: Any) -> None:
    look_up = helper.make_node("Gather", ["table", "x"], ["y"])
    content = build(
        [look_up],
        {"x": (TensorProto.INT64, [None])},
        {"y": (TensorProto.FLOAT, [None])},
        {"table": np.zeros(3, np.float32)},
        smoke=json.dumps({"inputs": {"x": [3]}, "outputs": {"y": [0]}, "tolerance": 1}),
    )
    with pytest.raises(SmokeTestError, match=r"the smoke prediction fails: .*Gather"):
        load(content)


@pytest.mark.parametrize("must_fit", [True, False])
def test_a_model_that_fits_columns_gives_a_probability(must_fit: bool, load: Any) -> None:
    with pytest.raises(SmokeTestError, match=r"gave 1\.5 as row 0's score"):
        load(giving_back(TensorProto.FLOAT, 1.5), {"x": NUMBERS}, must_fit=must_fit)
    # For others it is a number as good as any.
    assert load(giving_back(TensorProto.FLOAT, 1.5)).score == ScoreRef("probability")


class PublicSession:
    """A session of an onnxruntime that has nothing private of today's."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        session = ort.InferenceSession(*arguments, **options)
        self.run = session.run
        self.get_inputs = session.get_inputs
        self.get_outputs = session.get_outputs
        self.get_modelmeta = session.get_modelmeta


class PublicRuntime:
    InferenceSession = PublicSession
    SessionOptions = ort.SessionOptions


def test_another_onnxruntime_is_asked_in_public(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    content, tensors = giving_back(TensorProto.FLOAT, 0.5), {"x": np.array([0.25], np.float32)}
    expected = load(content, {"x": NUMBERS}).graph.run_row(tensors)
    monkeypatch.setattr("weighbridge_server.models._onnx.ort", PublicRuntime)
    graph = load(content, {"x": NUMBERS}).graph
    assert graph.run_row(tensors) == graph.run(tensors, rows=1)[0] == expected == 0.25
