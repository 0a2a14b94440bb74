"""The use cases: predict one row, predict many. Columns go by name; what they mean is unknown."""

from collections.abc import Callable, Sequence
from uuid import UUID

import numpy as np

from weighbridge_predictionlog import new_prediction_id_text, new_prediction_ids
from weighbridge_server.inference._call import Call
from weighbridge_server.inference._counts import Counts, NoCounts, UnknownValues
from weighbridge_server.inference._journal import Journal
from weighbridge_server.inference._prediction import (
    BatchPrediction,
    Columns,
    Flags,
    Prediction,
    Values,
)
from weighbridge_server.models import ReadyModel, RowEncoder, Scores, to_tensors


class Predictor:
    """Answers from one ready model and logs each answer before it returns it.

    All columns are logged, also those that this version does not use: only then can the versions'
    inputs be compared, and another version be asked later what it would have answered.
    """

    def __init__(self, model: ReadyModel, journal: Journal, counts: Counts | None = None) -> None:
        self.model = model
        self._journal = journal
        self._graph = model.graph
        # A service that gives labels refuses a model without a threshold before it comes here.
        threshold = model.metadata.threshold
        self._threshold = float("nan") if threshold is None else threshold
        self._names = tuple(spec.name for spec in model.signature.inputs)
        self._encoder = RowEncoder(model.signature)
        self._counts = counts or NoCounts()
        self._unknown = UnknownValues(model.metadata.known_values, self._counts)

    def predict(self, values: Values, given: Values, call: Call) -> Prediction:
        """Predict one valid row. Raises ModelRunError when the graph fails.

        `values` is what the graph takes, `given` the same row as the caller said it: the log's.
        """
        score = self._graph.run_row(self._encoder.encode(values))
        prediction = Prediction(new_prediction_id_text(), score, score >= self._threshold)
        self._unknown.see_row(values)
        self._journal.answered(
            call, prediction.prediction_id, prediction.score, prediction.label, given
        )
        return prediction

    def predict_batch(
        self, columns: Columns, given: Callable[[], Columns], valid: Flags, call: Call
    ) -> BatchPrediction:
        """Predict the rows that are `valid`. Raises ModelRunError when the graph fails for one.

        `given` makes the columns for the log, if it wants them.
        """
        call.check_wanted()
        inputs = {name: columns[name] for name in self._names}
        scores = np.full(len(valid), np.nan)
        if valid.all():
            scores = self._run(inputs, len(valid))
        elif valid.any():
            good = {name: column[valid] for name, column in inputs.items()}
            scores[valid] = self._run(good, int(valid.sum()))
        answered = int(np.count_nonzero(valid))
        ids = _ids(valid, answered)
        batch = BatchPrediction(ids, scores, scores >= self._threshold)
        self._counts.batch(call.method, answered, len(ids) - answered)
        self._unknown.see_columns(columns)
        self._journal.answered_batch(call, batch, given)
        return batch

    def _run(self, inputs: Columns, rows: int) -> Scores:
        return self._graph.run(to_tensors(self.model.signature, inputs), rows=rows)


def _ids(valid: Flags, count: int) -> Sequence[UUID | None]:
    ids = new_prediction_ids(count)
    if count == len(valid):
        return ids
    rest = iter(ids)
    return [next(rest) if good else None for good in valid.tolist()]
