"""What a use case answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from weighbridge_server.models import Scores

Values = Mapping[str, float | int | str]
"""One row: each column's value under its name."""

Columns = Mapping[str, npt.NDArray[Any]]
"""Many rows: each column's values under its name, all of one length."""

Flags = npt.NDArray[np.bool_]
"""One truth value per row."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row's probability, and whether it reaches the model's threshold."""

    prediction_id: str
    score: float
    label: bool


@dataclass(frozen=True, slots=True)
class BatchPrediction:
    """Many rows' answers: None, NaN and False stand where a row was not predicted."""

    prediction_ids: Sequence[UUID | None]
    scores: Scores
    labels: Flags
