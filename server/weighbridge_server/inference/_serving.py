"""What answers calls now, and what takes its place."""

from dataclasses import dataclass
from datetime import datetime

from weighbridge_server.inference._journal import Journal
from weighbridge_server.inference._predictor import Predictor
from weighbridge_server.models import ReadyModel


@dataclass(frozen=True, slots=True)
class Serving:
    """One ready model and all that answers from it."""

    model: ReadyModel
    journal: Journal
    predictor: Predictor


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

    `failure` is None when all is well.
    """

    def __init__(self, current: Serving) -> None:
        self.current = current
        self.failure: LoadFailure | None = None
