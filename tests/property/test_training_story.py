"""Seven versions, each better than the last, the best one near what can be known at all."""

import numpy as np
import pytest

from tests.fix_training import Story
from weighbridge_training.generator import ASSETS, generate
from weighbridge_training.job import fit_story


@pytest.mark.parametrize("seed", [7, 20_241])
def test_every_version_improves_on_the_last(seed: int) -> None:
    made = generate(rows=40_000, seed=seed)
    story = list(fit_story(made.table, seed=seed))
    losses = [fitted.metrics["log_loss"] for fitted in story]
    assert [fitted.recipe.number for fitted in story] == [1, 2, 3, 4, 5, 6, 7]
    assert (np.diff(losses) < 0).all(), losses
    assert (np.diff([fitted.metrics["auc"] for fitted in story]) > 0).all()
    assert (np.diff([fitted.metrics["brier"] for fitted in story]) < 0).all()
    held_out, late = made.probability[-8_000:], made.table.late[-8_000:]
    floor = -np.log(np.where(late, held_out, 1 - held_out)).mean()
    assert floor < losses[-1] < floor + 0.03
    assert losses[5] - losses[6] > 0.02  # a canary must have something to show


def test_the_same_seed_fits_the_same_models() -> None:
    table = generate(rows=3_000, seed=1).table
    first, second = (list(fit_story(table, seed=1)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert one.metrics == other.metrics
        assert (one.probability(table.columns) == other.probability(table.columns)).all()


def test_a_vehicle_never_seen_lies_between_the_best_and_the_worst(story: Story) -> None:
    fitted, _ = story.versions[-1]
    columns = dict(story.data.table[:500].columns)

    def mean(asset: str) -> float:
        columns["asset_id"] = np.full(500, asset, dtype=object)
        return float(fitted.probability(columns).mean())

    known = [mean(asset) for asset in ASSETS]
    assert min(known) < mean("Van_1") < max(known)
