"""What answers calls now, and what takes its place."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from weighbridge_server.inference._counts import Counts
from weighbridge_server.inference._inferrer import Inferrer
from weighbridge_server.inference._journal import Journal
from weighbridge_server.inference._predictor import Predictor
from weighbridge_server.models import ReadyModel, SignatureError


@dataclass(frozen=True, slots=True)
class Serving:
    """One ready model and all that answers from it.

    `predictor` is None for a model that does not fit the service of columns.
    """

    model: ReadyModel
    journal: Journal
    inferrer: Inferrer
    predictor: Predictor | None

    @classmethod
    def of(cls, model: ReadyModel, journal: Journal, counts: Counts | None = None) -> Self:
        """Make what answers from this model."""
        predictor = None if model.misfit is not None else Predictor(model, journal, counts)
        return cls(model, journal, Inferrer(model, journal, counts), predictor)

    def by_columns(self) -> Predictor:
        """Return what answers rows by columns. Raises SignatureError where nothing does."""
        if self.predictor is None:
            raise SignatureError(self.model.misfit)
        return self.predictor


@dataclass(frozen=True, slots=True)
class LoadFailure:
    """Why the newest model that was wanted is not the one that serves; `attempts` in a row."""

    description: str
    reason: str
    version: str
    failed_at: datetime
    attempts: int


class Slot:
    """Holds the serving model. One assignment replaces it; a call keeps the one it began with.

    `failure` is None when all is well; `open` is whether calls should come here.
    """

    def __init__(self, current: Serving) -> None:
        self.current = current
        self.open = False
        self.failure: LoadFailure | None = None
