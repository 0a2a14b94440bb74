"""The seven versions fitted once, from fewer rows than the product takes, with their graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from weighbridge_training.export import Artefact
    from weighbridge_training.generator import Generated
    from weighbridge_training.job import Fitted


class Story:
    """What the versions were fitted to, each version, and its exported graph.

    No dataclass: Hypothesis would write out all of its data for every failing example.
    """

    def __init__(self, data: Generated, versions: list[tuple[Fitted, Artefact]]) -> None:
        self.data = data
        self.versions = versions


@pytest.fixture(scope="session")
def story() -> Story:
    from weighbridge_training.export import export
    from weighbridge_training.generator import generate
    from weighbridge_training.job import fit_story

    data = generate(rows=8_000, seed=5)
    judge = data.table[-1_000:]
    return Story(
        data,
        [
            (fitted, export(fitted, judge, run_id="run", training_data_sha256="ab" * 32))
            for fitted in fit_story(data.table, seed=5)
        ],
    )
