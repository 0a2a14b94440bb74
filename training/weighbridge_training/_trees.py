"""Read the trees out of a fitted scikit-learn histogram gradient boosting classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from weighbridge_training.table import Array


def tree_attributes(estimator: Any) -> dict[str, Any]:
    """Return the attributes of the TreeEnsembleRegressor node that answers as the estimator does.

    The estimator must be binary and without categorical splits. Its trees have no public form, so
    two private attributes are read; `export` compares the answers and refuses when they change.
    """
    trees = [round_[0].nodes for round_ in estimator._predictors]
    nodes = np.concatenate(trees)
    leaf = nodes["is_leaf"].astype(bool)
    tree_ids = np.repeat(np.arange(len(trees)), [len(tree) for tree in trees])
    node_ids = np.concatenate([np.arange(len(tree)) for tree in trees])
    return {
        "n_targets": 1,
        "aggregate_function": "SUM",
        "base_values": [float(estimator._baseline_prediction.item())],
        "nodes_treeids": tree_ids.tolist(),
        "nodes_nodeids": node_ids.tolist(),
        "nodes_featureids": np.where(leaf, 0, nodes["feature_idx"]).tolist(),
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_values": np.where(leaf, 0, float32_floor(nodes["num_threshold"])).tolist(),
        "nodes_truenodeids": np.where(leaf, 0, nodes["left"]).tolist(),
        "nodes_falsenodeids": np.where(leaf, 0, nodes["right"]).tolist(),
        "nodes_missing_value_tracks_true": nodes["missing_go_to_left"].astype(int).tolist(),
        "target_treeids": tree_ids[leaf].tolist(),
        "target_nodeids": node_ids[leaf].tolist(),
        "target_ids": np.zeros(int(leaf.sum()), dtype=int).tolist(),
        "target_weights": nodes["value"][leaf].astype(np.float32).tolist(),
    }


def float32_floor(thresholds: Array) -> Array:
    """Return the largest float32 not above each float64 threshold.

    A float32 value is at or below the one exactly when it is at or below the other; plain rounding
    could go up, and send a value to the other side.
    """
    rounded = thresholds.astype(np.float32)
    above = rounded.astype(np.float64) > thresholds
    return np.where(above, np.nextafter(rounded, np.float32(-np.inf)), rounded)
