"""Rows of the prediction log for what a server answered or refused."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain
from typing import Any
from uuid import UUID

from weighbridge_predictionlog import PredictionRow, Spool, new_prediction_id
from weighbridge_server.inference._call import Call
from weighbridge_server.inference._prediction import BatchPrediction, Columns, Prediction, Values
from weighbridge_server.models import Pin


class BatchRows(StrEnum):
    """Which rows of a batch are logged beside the row of the call."""

    ALL = "all"
    SAMPLE = "sample"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Origin:
    """What every row of this process says: who answered."""

    pin: Pin
    served_version: str
    instance: str


class Journal:
    """Writes a call's rows before its answer leaves.

    The spool counts and reports what it could not write; no failure of it reaches the call.
    """

    def __init__(
        self, spool: Spool, origin: Origin, *, batch_rows: BatchRows, sample_percent: float
    ) -> None:
        self._spool = spool
        self._own = {
            "model_name": origin.pin.name,
            "model_version": origin.pin.version,
            "model_digest": origin.pin.digest,
            "served_version": origin.served_version,
            "server_instance": origin.instance,
        }
        self._percent = {
            BatchRows.ALL: 100.0,
            BatchRows.SAMPLE: sample_percent,
            BatchRows.OFF: 0.0,
        }[batch_rows]

    def answered(self, call: Call, prediction: Prediction, inputs: Values) -> None:
        """Log one prediction with its inputs as given."""
        row = PredictionRow(
            **self._said(call, prediction.prediction_id, "OK"),
            prediction_id=prediction.prediction_id,
            inputs=inputs,
            score=prediction.score,
            label=prediction.label,
        )
        self._spool.append((row,))

    def answered_batch(self, call: Call, batch: BatchPrediction, inputs: Columns) -> None:
        """Log the call and, as far as the setting wants them, its predicted rows.

        The spool takes the rows one by one, the call's first: all of a large batch is never
        held at once.
        """
        prediction_id = new_prediction_id()
        said = self._said(call, prediction_id, "OK")
        said["row_count"] = len(batch.prediction_ids)
        head = PredictionRow(
            **said,
            prediction_id=prediction_id,
            failed_rows=batch.prediction_ids.count(None),
            sample_percent=self._percent,
        )
        self._spool.append(chain((head,), self._batch_rows(said, batch, inputs)))

    def refused(self, call: Call, status_code: str, field: str | None) -> None:
        """Log a call that got no answer: its code and the first field at fault, no inputs."""
        prediction_id = new_prediction_id()
        said = self._said(call, prediction_id, status_code)
        self._spool.append((PredictionRow(**said, prediction_id=prediction_id, error_field=field),))

    def _batch_rows(
        self, said: dict[str, Any], batch: BatchPrediction, inputs: Columns
    ) -> Iterator[PredictionRow]:
        if not self._percent:
            return
        answers = zip(
            batch.prediction_ids,
            _rows(inputs),
            batch.scores.tolist(),
            batch.labels.tolist(),
            strict=True,
        )
        for index, (prediction_id, values, score, label) in enumerate(answers):
            if prediction_id is None:
                continue
            if random.random() * 100 >= self._percent:  # noqa: S311 - a sample
                continue
            yield PredictionRow(
                **said,
                prediction_id=prediction_id,
                kind="row",
                row_index=index,
                inputs=values,
                score=score,
                label=label,
            )

    def _said(self, call: Call, prediction_id: UUID, status_code: str) -> dict[str, Any]:
        """Give the columns that all rows of a call share; the id names a call without a name."""
        return self._own | {
            "call_id": call.idempotency_key or call.request_id or str(prediction_id),
            "attempt": call.attempt,
            "envoy_attempt": call.envoy_attempt,
            "method": call.method,
            "routed_version": call.routed_version,
            "route": call.route,
            "traffic_revision": call.traffic_revision,
            "sticky_key_hash": call.sticky_key_hash,
            "request_id": call.request_id,
            "trace_id": call.trace_id,
            "status_code": status_code,
            "latency_ms": (time.perf_counter_ns() - call.started_ns) / 1e6,
            "created_at": datetime.now(UTC),
        }


def _rows(columns: Columns) -> Iterator[Values]:
    names = tuple(columns)
    lists = [column.tolist() for column in columns.values()]
    for values in zip(*lists, strict=True):
        yield dict(zip(names, values, strict=True))
