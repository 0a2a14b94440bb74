"""The exported graph answers as the fitted model does, on every row that the wire lets through."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from tests.fix_training import Story
from weighbridge_training import dataset
from weighbridge_training.export import run_graph
from weighbridge_training.generator import ASSETS, generate
from weighbridge_training.table import read_table

TOLERANCE = 1e-5
NUMBERS = {
    "latitude_deg": (-90, 90),
    "longitude_deg": (-180, 180),
    "inventory_level": (0, 1_000_000),
    "temperature_celsius": (-60, 60),
    "humidity_percent": (0, 100),
    "waiting_time_minutes": (0, 10_080),
    "user_transaction_amount_usd": (0, 1_000_000),
    "user_purchase_frequency": (0, 10_000),
    "asset_utilization_percent": (0, 100),
    "demand_forecast": (0, 1_000_000),
}
ROW = st.fixed_dictionaries(
    {
        **{name: st.floats(low, high, width=32) for name, (low, high) in NUMBERS.items()},
        "timestamp": st.integers(946_684_800, 4_102_444_799),
        "asset_id": st.sampled_from(["Truck_1", "Truck_10"]) | st.text(min_size=1, max_size=64),
        "traffic_status": st.sampled_from(dataset.TRAFFIC_STATUSES),
        "delay_reason": st.sampled_from(dataset.DELAY_REASONS),
    }
)
FLOATS, TEXTS = set(NUMBERS), {"asset_id", "traffic_status", "delay_reason"}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Keep scikit-learn to one thread: on busy cores, teams wait longer than they compute."""
    with threadpool_limits(limits=1):
        yield


def columns_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = dict.fromkeys(FLOATS, np.float32) | dict.fromkeys(TEXTS, object)
    return {
        name: np.array([row[name] for row in rows], dtype=kinds.get(name, np.int64))
        for name in rows[0]
    }


def largest_gap(story: Story, columns: dict[str, Any]) -> float:
    return max(
        float(np.abs(run_graph(made.content, columns) - fitted.probability(columns)).max())
        for fitted, made in story.versions
    )


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=20))
def test_any_valid_row(story: Story, rows: list[dict[str, Any]]) -> None:
    columns = columns_of(rows)
    for fitted, made in story.versions:
        # A linear model sums terms as large as its inputs: at the edges of what the wire lets
        # through, far outside the data, float32 cancels digits. Trees only compare.
        tolerance = 1e-4 if fitted.recipe.trees is None else TOLERANCE
        gap = np.abs(run_graph(made.content, columns) - fitted.probability(columns)).max()
        assert gap <= tolerance, fitted.recipe.title


def test_generated_rows(story: Story) -> None:
    assert largest_gap(story, generate(5_000, 77).table.columns) <= TOLERANCE


def test_real_rows(story: Story, dataset_file: Path) -> None:
    assert largest_gap(story, read_table(dataset_file)[0].columns) <= TOLERANCE


@pytest.mark.parametrize("version", [4, 5, 6, 7])
def test_values_at_a_threshold_and_on_either_side_of_it(story: Story, version: int) -> None:
    fitted, made = story.versions[version - 1]
    graph = onnx.load_from_string(made.content).graph
    (trees,) = (node for node in graph.node if node.op_type == "TreeEnsembleRegressor")
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in trees.attribute}
    names = [feature.name for feature in fitted.features]
    for name in FLOATS & set(names):
        cuts = {
            value
            for value, index, mode in zip(
                attributes["nodes_values"],
                attributes["nodes_featureids"],
                attributes["nodes_modes"],
                strict=True,
            )
            if index == names.index(name) and mode == b"BRANCH_LEQ"
        }
        at = np.array(sorted(cuts), dtype=np.float32)
        around = np.concatenate(
            [np.nextafter(at, np.float32(-np.inf)), at, np.nextafter(at, np.float32(np.inf))]
        )
        columns = {n: np.resize(v, len(around)) for n, v in story.data.table.columns.items()}
        columns[name] = around
        gap = np.abs(run_graph(made.content, columns) - fitted.probability(columns)).max()
        assert gap <= TOLERANCE, name


def test_one_row_and_many_rows_give_the_same(story: Story) -> None:
    columns = story.data.table[:50].columns
    for _, made in story.versions:
        one_by_one = [
            run_graph(made.content, {n: v[i : i + 1] for n, v in columns.items()})[0]
            for i in range(50)
        ]
        assert run_graph(made.content, columns) == pytest.approx(one_by_one, abs=1e-6)


def test_the_artefact_describes_itself(story: Story) -> None:
    for fitted, made in story.versions:
        model = onnx.load_from_string(made.content)
        facts = {entry.key: entry.value for entry in model.metadata_props}
        assert float(facts["weighbridge.threshold"]) == fitted.threshold
        assert 0 < fitted.threshold < 1
        assert json.loads(facts["weighbridge.metrics"]) == fitted.metrics
        assert set(fitted.metrics) == {"auc", "log_loss", "brier"}
        assert json.loads(facts["weighbridge.known_values"]) == {"asset_id": sorted(ASSETS)}
        assert facts["weighbridge.run_id"] == "run"
        assert facts["weighbridge.training_data_sha256"] == "ab" * 32
        assert {item.name for item in model.graph.input} <= set(dataset.INPUT_FIELDS)
        assert [item.name for item in model.graph.output] == ["probability"]
        assert not model.functions
        assert all(not tensor.external_data for tensor in model.graph.initializer)


def test_the_smoke_prediction_can_be_repeated_from_the_file_alone(story: Story) -> None:
    for _, made in story.versions:
        model = onnx.load_from_string(made.content)
        facts = {entry.key: entry.value for entry in model.metadata_props}
        smoke = json.loads(facts["weighbridge.smoke"])
        columns = columns_of([{name: value for name, (value,) in smoke["inputs"].items()}])
        assert smoke["tolerance"] == 1e-5
        assert run_graph(made.content, columns) == pytest.approx(
            smoke["outputs"]["probability"], abs=1e-5
        )


def test_a_graph_stays_small_enough_to_answer_in_microseconds(story: Story) -> None:
    for fitted, made in story.versions:
        graph = onnx.load_from_string(made.content).graph
        assert len(graph.node) <= 20
        trees = fitted.recipe.trees
        assert trees is None or (trees.count <= 300 and trees.leaves <= 31)
