"""Turn a fitted version into one self-contained ONNX file, and prove that it answers the same.

The nodes are written here because no converter covers them: the one for scikit-learn's histogram
trees fails with the current onnx, and none would put our own features into the same graph.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]

from weighbridge_training._columns import OUTPUT
from weighbridge_training._errors import ExportError
from weighbridge_training._graph import ML_DOMAIN, GraphBuilder
from weighbridge_training._trees import tree_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge_training._fit import Fitted
    from weighbridge_training.table import Array, Table

TOLERANCE: Final = 1e-5


@dataclass(frozen=True, slots=True)
class Artefact:
    """The bytes of model.onnx and what is told about them."""

    content: bytes
    inputs: dict[str, str]
    smoke: dict[str, Any]

    @property
    def sha256(self) -> str:
        """The digest that the registry records and Git pins."""
        return hashlib.sha256(self.content).hexdigest()


def export(fitted: Fitted, sample: Table, *, run_id: str, training_data_sha256: str) -> Artefact:
    """Build the file; its first sample row becomes the smoke prediction.

    ExportError when graph and fitted model differ by more than 1e-5 on any row of the sample.
    """
    model = build_graph(fitted)
    inputs = {item.name: _input_kind(item) for item in model.graph.input}
    answers = run_graph(model.SerializeToString(), sample.columns)
    gap = float(np.abs(answers - fitted.probability(sample.columns)).max())
    if not gap <= TOLERANCE:
        raise ExportError(
            f"v{fitted.recipe.number}: graph and model differ by {gap:.2e} on {len(sample)} rows, "
            f"over {TOLERANCE:g}; do not register it"
        )
    smoke = {
        "inputs": {name: _json_list(sample.columns[name][:1]) for name in inputs},
        "outputs": {OUTPUT: [float(answers[0])]},
        "tolerance": TOLERANCE,
    }
    facts = {
        "threshold": f"{fitted.threshold:g}",
        "smoke": json.dumps(smoke),
        "known_values": json.dumps(fitted.known_values),
        "metrics": json.dumps(fitted.metrics),
        "run_id": run_id,
        "training_data_sha256": training_data_sha256,
    }
    for key, value in facts.items():
        model.metadata_props.add(key=f"weighbridge.{key}", value=value)
    return Artefact(model.SerializeToString(deterministic=True), inputs, smoke)


def build_graph(fitted: Fitted) -> onnx.ModelProto:
    """Return the graph from raw columns to the probability, without metadata."""
    graph = GraphBuilder()
    columns = [feature.emit(graph) for feature in fitted.features]
    # Joined end to end and turned once: three nodes where one reshape per feature would cost
    # more time than the trees.
    joined = graph.node("Concat", *columns, axis=0)
    shape = graph.constant([len(columns), -1], np.int64)
    rows = graph.node("Transpose", graph.node("Reshape", joined, shape), perm=[1, 0])
    if fitted.recipe.trees is None:
        answer = _linear(graph, rows, fitted)
    else:
        attributes = tree_attributes(fitted.estimator)
        score = graph.node("TreeEnsembleRegressor", rows, domain=ML_DOMAIN, **attributes)
        # The node's own LOGISTIC is not applied to regressors by onnxruntime.
        answer = graph.node("Sigmoid", score)
    graph.node("Reshape", answer, graph.constant([-1], np.int64), output=OUTPUT)
    return graph.model()


def _linear(graph: GraphBuilder, rows: str, fitted: Fitted) -> str:
    """Fold the scaler into the weights: one product and one sum."""
    scaler, regression = (step for _, step in fitted.estimator.steps)
    weights = regression.coef_[0] / scaler.scale_
    intercept = regression.intercept_[0] - float(weights @ scaler.mean_)
    product = graph.node("MatMul", rows, graph.constant(weights[:, None], np.float32))
    return graph.node("Sigmoid", graph.node("Add", product, graph.constant(intercept, np.float32)))


def run_graph(content: bytes, columns: Mapping[str, Array]) -> Array:
    """Answer a table's columns with the graph alone; float32, one per row."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    feed = {item.name: columns[item.name] for item in session.get_inputs()}
    return np.asarray(session.run([OUTPUT], feed)[0])


def _input_kind(item: onnx.ValueInfoProto) -> str:
    return onnx.TensorProto.DataType.Name(item.type.tensor_type.elem_type).lower()


def _json_list(values: Array) -> list[Any]:
    """Keep a float32 exactly: its double is written, and read back to the same float32."""
    return list(values.tolist())
