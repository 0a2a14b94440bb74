"""The use cases: predict one row, predict many. Columns go by name; what they mean is unknown."""

import numpy as np

from weighbridge_predictionlog import new_prediction_id
from weighbridge_server.inference._call import Call
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

    def __init__(self, model: ReadyModel, journal: Journal) -> None:
        self.model = model
        self._journal = journal
        self._graph = model.graph
        self._threshold = model.metadata.threshold
        self._names = tuple(spec.name for spec in model.signature.inputs)
        self._encoder = RowEncoder(model.signature)

    def predict(self, values: Values, given: Values, call: Call) -> Prediction:
        """Predict one valid row. Raises ModelRunError when the graph fails.

        `values` is what the graph takes, `given` the same row as the caller said it: the log's.
        """
        score = self._graph.run(self._encoder.encode(values), rows=1).item()
        prediction = Prediction(new_prediction_id(), score, score >= self._threshold)
        self._journal.answered(call, prediction, given)
        return prediction

    def predict_batch(
        self, columns: Columns, given: Columns, valid: Flags, call: Call
    ) -> BatchPrediction:
        """Predict the rows that are `valid`. Raises ModelRunError when the graph fails for one."""
        inputs = {name: columns[name] for name in self._names}
        scores = np.full(len(valid), np.nan)
        if valid.all():
            scores = self._run(inputs, len(valid))
        elif valid.any():
            good = {name: column[valid] for name, column in inputs.items()}
            scores[valid] = self._run(good, int(valid.sum()))
        ids = [new_prediction_id() if good else None for good in valid.tolist()]
        batch = BatchPrediction(ids, scores, scores >= self._threshold)
        self._journal.answered_batch(call, batch, given)
        return batch

    def _run(self, inputs: Columns, rows: int) -> Scores:
        return self._graph.run(to_tensors(self.model.signature, inputs), rows=rows)
