"""Fit one version, choose its threshold, and judge it on shipments later than all it has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.metrics import (  # type: ignore[import-untyped]
    brier_score_loss,
    log_loss,
    roc_auc_score,
    roc_curve,
)
from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]
from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

from weighbridge_training._columns import INPUT_COLUMNS, TextColumn
from weighbridge_training._errors import DatasetError
from weighbridge_training._features import Feature, matrix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge_training._versions import Recipe, Trees
    from weighbridge_training.table import Array, Table

# In the order of time: learn from the past, tune on what followed, judge on what followed that.
_FIT_SHARE, _TUNE_SHARE = 0.6, 0.2
_LEAST_ROWS = 200
# A column with more of them has no fixed set of values that others could be held against.
_MOST_KNOWN_VALUES = 10_000


@dataclass(frozen=True, slots=True)
class Split:
    """One table cut in three, in the order of time."""

    fit: Table
    tune: Table
    judge: Table


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted version, its operating point and its marks on the held-out rows."""

    recipe: Recipe
    features: tuple[Feature, ...]
    estimator: Any
    threshold: float
    metrics: dict[str, float]
    known_values: dict[str, list[str]]
    """The values of the text columns that it learned from, where they are not too many."""

    def probability(self, columns: Mapping[str, Array]) -> Array:
        """Return the chance of being late, float64, one per row."""
        return np.asarray(self.estimator.predict_proba(matrix(self.features, columns))[:, 1])


def split(table: Table) -> Split:
    """Cut the table; DatasetError when a part is too small or has one outcome only."""
    if len(table) < _LEAST_ROWS:
        raise DatasetError(f"{len(table)} labelled rows; training needs {_LEAST_ROWS} or more")
    first, second = (int(len(table) * s) for s in (_FIT_SHARE, _FIT_SHARE + _TUNE_SHARE))
    parts = Split(table[:first], table[first:second], table[second:])
    for name, part in (("first", parts.fit), ("middle", parts.tune), ("last", parts.judge)):
        if part.late.all() or not part.late.any():
            raise DatasetError(f"the {name} part in time has one outcome only; both are needed")
    return parts


def fit(recipe: Recipe, parts: Split, seed: int) -> Fitted:
    """Train one version."""
    features = tuple(f.fit(parts.fit.columns, parts.fit.late) for f in recipe.features)
    estimator = _estimator(recipe.trees, seed)
    estimator.fit(matrix(features, parts.fit.columns), parts.fit.late)
    tuned = estimator.predict_proba(matrix(features, parts.tune.columns))[:, 1]
    judged = estimator.predict_proba(matrix(features, parts.judge.columns))[:, 1]
    return Fitted(
        recipe,
        features,
        estimator,
        _threshold(parts.tune.late, tuned),
        _metrics(parts.judge.late, judged),
        _known_values(parts.fit),
    )


def _known_values(part: Table) -> dict[str, list[str]]:
    names = [column.field for column in INPUT_COLUMNS if isinstance(column, TextColumn)]
    found = {name: sorted(set(part.columns[name].tolist())) for name in names}
    return {name: values for name, values in found.items() if len(values) <= _MOST_KNOWN_VALUES}


def _estimator(trees: Trees | None, seed: int) -> Any:
    if trees is None:
        return make_pipeline(StandardScaler(), LogisticRegression())
    return HistGradientBoostingClassifier(
        max_iter=trees.count,
        max_leaf_nodes=trees.leaves,
        learning_rate=trees.learning_rate,
        min_samples_leaf=40,
        early_stopping=False,  # the count is part of the recipe, whatever the size of the data
        random_state=seed,
    )


def _threshold(late: Array, probability: Array) -> float:
    """Return the cut with the best balanced accuracy, in hundredths.

    Youden's point does not depend on how common delay is, so it holds when that share drifts.
    """
    false_alarms, hits, cuts = roc_curve(late, probability)
    best = cuts[int(np.argmax(hits - false_alarms))]
    return round(float(np.clip(best, 0.01, 0.99)), 2)


def _metrics(late: Array, probability: Array) -> dict[str, float]:
    return {
        "auc": float(roc_auc_score(late, probability)),
        "log_loss": float(log_loss(late, probability)),
        "brier": float(brier_score_loss(late, probability)),
    }
