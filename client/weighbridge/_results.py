"""What the calls answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What every answer tells about its call; None where the far side did not say."""

    routed_version: str | None
    """The version that the split, or a pin, chose for the call."""

    served_version: str | None
    """The version that really answered, for example "v7"."""

    traffic_revision: str | None
    """Which state of the traffic file routed the call."""

    request_id: str | None
    """The ingress's name for the attempt that was answered; quote it in reports."""

    attempts: int
    """How many attempts it took."""

    @property
    def fell_back(self) -> bool:
        """Whether another version answered than the call was routed to; False if not known."""
        return None not in (self.routed_version, self.served_version) and (
            self.routed_version != self.served_version
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """A model by name, registry version ("7") and digest of its bytes ("sha256:…")."""

    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction(Answer):
    """One prediction: probability of being late, 0 to 1, and the label at the threshold."""

    probability: float
    late: bool
    prediction_id: str
    """Keep it: the outcome is reported by it."""

    model: ModelVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """Why one row of a batch was not predicted; rows count from 0."""

    row: int
    field: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPrediction(Answer):
    """Many predictions, element i for shipment i.

    A row in `errors` has the id "", the probability NaN and late False.
    """

    probabilities: tuple[float, ...]
    late: tuple[bool, ...]
    prediction_ids: tuple[str, ...]
    errors: tuple[RowError, ...]
    model: ModelVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """One input or output of the model's graph; -1 in the shape is the number of rows."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFailure:
    """Why a server could not take a newer model, and goes on with the one it has."""

    description: str
    reason: str
    """The kind of error, for example "DIGEST_MISMATCH"."""

    version: str
    """The version that was wanted; "" if the registry did not say."""

    failed_time: datetime
    attempts: int
    """How often it was tried in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel(Answer):
    """The model that the answering server has loaded."""

    model: ModelVersion
    uri: str
    run_id: str
    loaded_time: datetime
    threshold: float | None
    """The probability from which on a label is late; None where the model has none."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    training_metrics: Mapping[str, float] = field(hash=False)
    alias: str = ""
    """The registry's alias by which the server found the version; "" where Git pins it."""

    mode: str = ""
    """Who chose the version: "pinned" by Git, or "alias"; "" where the server does not say."""

    source: str = ""
    """Where the bytes were read: "store", or "cache", the server's own verified copy."""

    last_error: LoadFailure | None = None
    """Why the newest model that was wanted is not the one that serves; None when all is well."""
