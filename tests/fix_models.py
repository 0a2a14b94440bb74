"""Small real ONNX models that follow the artefact's rules: raw columns in, probability out."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort  # type: ignore[import-untyped]
import pytest
from onnx import TensorProto, helper

# Column -> (centre, weight): the score is the sigmoid of a weighted sum.
NUMBERS: Mapping[str, tuple[float, float]] = {
    "latitude_deg": (0.0, 0.002),
    "longitude_deg": (0.0, -0.001),
    "inventory_level": (300.0, -0.001),
    "temperature_celsius": (24.0, 0.02),
    "humidity_percent": (65.0, 0.01),
    "waiting_time_minutes": (35.0, 0.03),
    "user_transaction_amount_usd": (300.0, 0.0005),
    "user_purchase_frequency": (5.0, 0.01),
    "asset_utilization_percent": (80.0, 0.02),
    "demand_forecast": (200.0, 0.001),
}
TEXTS: Mapping[str, Mapping[str, float]] = {
    "asset_id": {"Truck_1": 0.1, "Truck_7": -0.2},
    "traffic_status": {"clear": -0.8, "detour": 0.3, "heavy": 0.9},
    "delay_reason": {"none": -0.4, "weather": 0.5, "traffic": 0.6, "mechanical_failure": 0.8},
}
SMOKE_INPUTS: Mapping[str, list[Any]] = {
    "timestamp": [1_700_000_000],
    **{name: [centre + 1.5] for name, (centre, _) in NUMBERS.items()},
    "asset_id": ["Truck_7"],
    "traffic_status": ["heavy"],
    "delay_reason": ["weather"],
}


@dataclass(frozen=True)
class ModelFile:
    """An artefact on disk and the pin that fits it."""

    path: Path
    sha256: str

    @property
    def uri(self) -> str:
        return self.path.as_uri()


def build_model(
    *,
    bias: float = 0.0,
    inputs: Mapping[str, int] | None = None,
    metadata: Mapping[str, str | None] | None = None,
    twist: Callable[[onnx.GraphProto], None] = lambda _: None,
) -> bytes:
    """Build an artefact.

    `inputs` adds graph inputs, `metadata` overrides entries (None: drops), `twist` spoils it.
    """
    graph = _graph(bias, inputs or {})
    twist(graph)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    onnx.checker.check_model(model)
    properties = {
        "weighbridge.threshold": "0.37",
        "weighbridge.smoke": json.dumps(_smoke(model)),
        "weighbridge.metrics": json.dumps({"auc": 0.81, "log_loss": 0.52}),
        "weighbridge.known_values": json.dumps({"asset_id": list(TEXTS["asset_id"])}),
        "weighbridge.run_id": "0123456789abcdef",
        "weighbridge.training_data_sha256": "0" * 64,
        **(metadata or {}),
    }
    kept = {key: value for key, value in properties.items() if value is not None}
    helper.set_model_props(model, kept)
    return model.SerializeToString()


def _graph(bias: float, extra: Mapping[str, int]) -> onnx.GraphProto:
    nodes = [
        _node("Mod", ["timestamp", "day"], "second_of_day"),
        _node("Cast", ["second_of_day"], "seconds", to=TensorProto.FLOAT),
        _node("Mul", ["seconds", "per_second"], "term_timestamp"),
    ]
    constants: dict[str, np.ndarray[Any, Any]] = {
        "day": np.array(86_400, np.int64),
        "per_second": np.array(0.5 / 86_400, np.float32),
        "bias": np.array(bias, np.float32),
    }
    for name, (centre, weight) in NUMBERS.items():
        constants[f"centre_{name}"] = np.array(centre, np.float32)
        constants[f"weight_{name}"] = np.array(weight, np.float32)
        nodes.append(_node("Sub", [name, f"centre_{name}"], f"centred_{name}"))
        nodes.append(_node("Mul", [f"centred_{name}", f"weight_{name}"], f"term_{name}"))
    for name, effects in TEXTS.items():
        effect = {"keys_strings": list(effects), "values_floats": list(effects.values())}
        nodes.append(_node("LabelEncoder", [name], f"term_{name}", domain="ai.onnx.ml", **effect))
    terms = [f"term_{name}" for name in ("timestamp", *NUMBERS, *TEXTS)]
    nodes.append(_node("Sum", [*terms, "bias"], "score"))
    nodes.append(_node("Sigmoid", ["score"], "probability"))
    types = {
        "timestamp": TensorProto.INT64,
        **dict.fromkeys(NUMBERS, TensorProto.FLOAT),
        **dict.fromkeys(TEXTS, TensorProto.STRING),
        **extra,
    }
    return helper.make_graph(
        nodes,
        "delay",
        [helper.make_tensor_value_info(name, kind, [None]) for name, kind in types.items()],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None])],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )


Twist = Callable[[onnx.GraphProto], None]


def fail_from(limit: int) -> Twist:
    """Let the graph look the inventory up in a table that ends there: onnxruntime fails."""

    def twist(graph: onnx.GraphProto) -> None:
        _constant(graph, "table", np.zeros(limit, np.float32))
        cast = _node("Cast", ["inventory_level"], "inventory_index", to=TensorProto.INT64)
        _add_term(graph, cast, _node("Gather", ["table", "inventory_index"], "term_table"))

    return twist


def nan_below(limit: float) -> Twist:
    """Let the graph take a root of the inventory less the limit: no number below it."""

    def twist(graph: onnx.GraphProto) -> None:
        _constant(graph, "limit", np.array(limit, np.float32))
        _constant(graph, "nothing", np.array(0, np.float32))
        _add_term(
            graph,
            _node("Sub", ["inventory_level", "limit"], "above_limit"),
            _node("Sqrt", ["above_limit"], "root"),
            _node("Mul", ["root", "nothing"], "term_root"),
        )

    return twist


def slow_from(limit: float, rounds: int) -> Twist:
    """Let the graph turn so many idle rounds for each piece of inventory above the limit."""

    def twist(graph: onnx.GraphProto) -> None:
        _constant(graph, "limit", np.array(limit, np.float32))
        _constant(graph, "rounds", np.array(rounds, np.int64))
        _constant(graph, "zero", np.array(0, np.int64))
        _constant(graph, "term_start", np.array(0, np.float32))
        _add_term(
            graph,
            _node("Sub", ["inventory_level", "limit"], "above_limit"),
            _node("ReduceMax", ["above_limit"], "most_above", keepdims=0),
            _node("Cast", ["most_above"], "pieces_signed", to=TensorProto.INT64),
            _node("Max", ["pieces_signed", "zero"], "pieces"),
            _node("Mul", ["pieces", "rounds"], "trips"),
            _node("Loop", ["trips", "", "term_start"], "term_loop", body=_idle_round()),
        )

    return twist


def _idle_round() -> onnx.GraphProto:
    scalar = [("turn", TensorProto.INT64), ("go_on", TensorProto.BOOL), ("was", TensorProto.FLOAT)]
    return helper.make_graph(
        [_node("Identity", ["go_on"], "goes_on"), _node("Identity", ["was"], "stays")],
        "idle",
        [helper.make_tensor_value_info(name, kind, []) for name, kind in scalar],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("stays", TensorProto.FLOAT, []),
        ],
    )


def _constant(graph: onnx.GraphProto, name: str, value: np.ndarray[Any, Any]) -> None:
    graph.initializer.append(onnx.numpy_helper.from_array(value, name))


def _add_term(graph: onnx.GraphProto, *nodes: onnx.NodeProto) -> None:
    """Add the last node's output to the score."""
    sums = next(node for node in graph.node if node.op_type == "Sum")
    for place, node in enumerate(nodes):
        graph.node.insert(place, node)
    sums.input.append(nodes[-1].output[0])


def _node(kind: str, takes: list[str], gives: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, takes, [gives], **attributes)


def _smoke(model: onnx.ModelProto) -> dict[str, Any]:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    numpy_types = {"tensor(int64)": np.int64, "tensor(float)": np.float32}
    feeds = {
        node.name: np.array(
            SMOKE_INPUTS.get(node.name, [0]), numpy_types.get(node.type, np.object_)
        )
        for node in session.get_inputs()
    }
    (probability,) = session.run(["probability"], feeds)
    outputs = {"probability": probability.tolist()}
    return {"inputs": SMOKE_INPUTS, "outputs": outputs, "tolerance": 1e-5}


@pytest.fixture(scope="session")
def model_bytes() -> bytes:
    """The artefact most tests serve; built once."""
    return build_model()


@pytest.fixture
def write_model(tmp_path: Path) -> Callable[[bytes], ModelFile]:
    """Write an artefact below the test's own folder."""

    def write(content: bytes) -> ModelFile:
        digest = hashlib.sha256(content).hexdigest()
        path = tmp_path / f"{digest[:12]}.onnx"
        path.write_bytes(content)
        return ModelFile(path, digest)

    return write


@pytest.fixture
def model_file(write_model: Callable[[bytes], ModelFile], model_bytes: bytes) -> ModelFile:
    """The common artefact on disk."""
    return write_model(model_bytes)
