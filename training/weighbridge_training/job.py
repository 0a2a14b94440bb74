"""What each missing version needs: data, a fit, an artefact, a number. Loads scikit-learn."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from weighbridge_training._columns import STATUS
from weighbridge_training._fit import Fitted, Split, fit, split
from weighbridge_training._label_rule import LabelRule, find_label_rule
from weighbridge_training._versions import STORY, Recipe
from weighbridge_training.export import Artefact, export
from weighbridge_training.generator import generate
from weighbridge_training.table import Table, read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from weighbridge_training._registry import OpenRun, RegisteredVersion, Registry

__all__ = ["Fitted", "Job", "TrainingData", "fit_story", "load_data"]

# Fits release the interpreter's lock, and each is kept to one thread: two at a time fill a small
# machine, while OpenMP teams on a busy one spend their time waiting for each other.
_WORKERS = 2
_NAMED: Final = ("traffic_status", "delay_reason", "asset_id")

_log = logging.getLogger("weighbridge_training")


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What the versions are trained on, and what must be said about it."""

    parts: Split
    sha256: str
    source: str
    rows: int
    rule: LabelRule | None


def load_data(path: Path | None, *, rows: int, seed: int) -> TrainingData:
    """Read a CSV file, or generate shipments where there is none.

    Warns in the log when the label is a rule of other columns, and of rows without a label.
    """
    if path is None:
        table, source = generate(rows, seed).table, f"generated, seed {seed}"
    else:
        table, unlabelled = read_table(path)
        source = path.name
        if unlabelled:
            _log.warning("%s: %d rows have no label and are left out", path, unlabelled)
    named = {STATUS: table.status, **{n: table.columns[n] for n in _NAMED}}
    rule = find_label_rule({n: v.tolist() for n, v in named.items()}, table.late.tolist())
    if rule is not None:
        _log.warning("%s", rule.warning)
    return TrainingData(split(table), table.sha256(), source, len(table), rule)


def fit_story(table: Table, *, seed: int) -> Iterator[Fitted]:
    """Yield the seven versions fitted to a table, without registering anything."""
    parts = split(table)
    for recipe in STORY:
        yield _fit_on_one_thread(recipe, parts, seed)


def _fit_on_one_thread(recipe: Recipe, parts: Split, seed: int) -> Fitted:
    with threadpool_limits(limits=1):
        return fit(recipe, parts, seed)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A version that is trained and uploaded, but has no number yet."""

    recipe: Recipe
    fitted: Fitted
    artefact: Artefact
    run: OpenRun

    @property
    def line(self) -> str:
        """What a person watching wants to read of it."""
        marks = "  ".join(f"{name} {value:.4f}" for name, value in self.fitted.metrics.items())
        return (
            f"v{self.recipe.number}  {marks}  threshold {self.fitted.threshold:.2f}  "
            f"{self.recipe.title}"
        )


@dataclass(frozen=True, slots=True)
class Job:
    """Registers versions of one set of training data."""

    registry: Registry
    training: TrainingData
    seed: int

    def register_all(self, recipes: Sequence[Recipe]) -> Iterator[tuple[RegisteredVersion, str]]:
        """Yield each version, and a line about it, as soon as it is registered.

        Trained side by side, registered one by one: the registry counts versions itself.
        """
        with ThreadPoolExecutor(_WORKERS) as pool:
            for made in pool.map(self._prepare, recipes):
                yield self._register(made), made.line

    def _prepare(self, recipe: Recipe) -> Prepared:
        fitted = _fit_on_one_thread(recipe, self.training.parts, self.seed)
        run = self.registry.open_run(f"v{recipe.number} {recipe.title}")
        try:
            artefact = export(
                fitted,
                self.training.parts.judge,
                run_id=run.run_id,
                training_data_sha256=self.training.sha256,
            )
            params = self._params(fitted)
            self.registry.store(run, artefact.content, params=params, metrics=fitted.metrics)
        except BaseException:
            self.registry.discard(run)
            raise
        return Prepared(recipe, fitted, artefact, run)

    def _register(self, made: Prepared) -> RegisteredVersion:
        tags = {
            "sha256": made.artefact.sha256,
            "training_data_sha256": self.training.sha256,
        }
        if self.training.rule is not None:
            tags["label_rule"] = self.training.rule.text
        recipe = made.recipe
        return self.registry.add_version(made.run, recipe.title, tags, number=recipe.number)

    def _params(self, fitted: Fitted) -> dict[str, object]:
        trees = fitted.recipe.trees
        return {
            "algorithm": "logistic regression" if trees is None else "boosted trees",
            "features": ", ".join(feature.name for feature in fitted.features),
            "trees": 0 if trees is None else trees.count,
            "leaves": 0 if trees is None else trees.leaves,
            "threshold": fitted.threshold,
            "data": self.training.source,
            "rows": self.training.rows,
            "seed": self.seed,
        }
