"""Rows of the prediction log for what a server answered or refused."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain, repeat
from typing import Any, Final
from uuid import UUID

from weighbridge_predictionlog import (
    PredictionIds,
    RowTemplate,
    Spool,
    TemplateRow,
    new_prediction_id,
)
from weighbridge_server.inference._call import Call
from weighbridge_server.inference._prediction import BatchPrediction, Columns, Flags, Values
from weighbridge_server.models import Pin, Scores

_ALL_PERCENT: Final = 100.0


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
        self._process = RowTemplate(
            {
                "model_name": origin.pin.name,
                "model_version": origin.pin.version,
                "model_digest": origin.pin.digest,
                "served_version": origin.served_version,
                "server_instance": origin.instance,
            }
        )
        self._percent = {
            BatchRows.ALL: _ALL_PERCENT,
            BatchRows.SAMPLE: sample_percent,
            BatchRows.OFF: 0.0,
        }[batch_rows]

    def answered(
        self,
        call: Call,
        prediction_id: UUID | str,
        score: float | None,
        label: bool | None,
        inputs: Values,
    ) -> None:
        """Log one answer with its inputs as given; not every model gives a score or a label."""
        own = self._said(call, prediction_id, "OK")
        own["prediction_id"] = prediction_id
        own["inputs"] = inputs
        own["score"] = score
        own["label"] = label
        self._spool.append((self._process.row(own),))

    def answered_batch(
        self, call: Call, batch: BatchPrediction, inputs: Callable[[], Columns]
    ) -> None:
        """Log the call and, as far as the setting wants them, its predicted rows.

        `inputs` is called for rows that are wanted only.
        """
        self.answered_rows(call, batch.prediction_ids, batch.scores, batch.labels, _rows(inputs))

    def answered_rows(
        self,
        call: Call,
        ids: Sequence[UUID | None],
        scores: Scores | None,
        labels: Flags | None,
        inputs: Iterable[Values],
    ) -> None:
        """Log the call and, as far as the setting wants them, the rows that have an id.

        The spool takes the rows one by one, the call's first: all of a large batch is never
        held at once.
        """
        prediction_id = new_prediction_id()
        said = self._said(call, prediction_id, "OK")
        said["row_count"] = len(ids)
        head = said | {
            "prediction_id": prediction_id,
            "failed_rows": ids.count(None),
            "sample_percent": self._percent,
        }
        template = RowTemplate(self._process.shared | said)
        rows = self._batch_rows(template, ids, scores, labels, inputs)
        self._spool.append(chain((self._process.row(head),), rows))

    def refused(self, call: Call, status_code: str, field: str | None) -> None:
        """Log a call that got no answer: its code and the first field at fault, no inputs."""
        prediction_id = new_prediction_id()
        own = self._said(call, prediction_id, status_code)
        own |= {"prediction_id": prediction_id, "error_field": field}
        self._spool.append((self._process.row(own),))

    def _batch_rows(
        self,
        template: RowTemplate,
        ids: Sequence[UUID | None],
        scores: Scores | None,
        labels: Flags | None,
        inputs: Iterable[Values],
    ) -> Iterator[TemplateRow]:
        if not self._percent:
            return
        answers = zip(
            _texts(ids),
            inputs,
            repeat(None, len(ids)) if scores is None else scores.tolist(),
            repeat(None, len(ids)) if labels is None else labels.tolist(),
            strict=True,
        )
        every = self._percent == _ALL_PERCENT
        for index, (prediction_id, values, score, label) in enumerate(answers):
            if prediction_id is None:
                continue
            if not every and random.random() * 100 >= self._percent:  # noqa: S311 - a sample
                continue
            own = {
                "prediction_id": prediction_id,
                "kind": "row",
                "row_index": index,
                "inputs": values,
                "score": score,
                "label": label,
            }
            yield template.row(own)

    def _said(self, call: Call, prediction_id: UUID | str, status_code: str) -> dict[str, Any]:
        """Give the columns that all rows of a call share; the id names a call without a name."""
        return {
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


def _texts(ids: Sequence[UUID | None]) -> Sequence[str | UUID | None]:
    return ids.texts() if isinstance(ids, PredictionIds) else ids


def _rows(made: Callable[[], Columns]) -> Iterator[Values]:
    columns = made()
    names = tuple(columns)
    lists = [column.tolist() for column in columns.values()]
    for values in zip(*lists, strict=True):
        yield dict(zip(names, values, strict=True))
