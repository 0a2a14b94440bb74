"""The use case for any model: tensors in, tensors out, a row of the log for each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from weighbridge_predictionlog import new_prediction_id, new_prediction_ids
from weighbridge_server.inference._blame import refuse_form
from weighbridge_server.inference._call import Call
from weighbridge_server.inference._counts import Counts, NoCounts, UnknownValues
from weighbridge_server.inference._given import given_row, given_rows
from weighbridge_server.inference._journal import Journal
from weighbridge_server.inference._rows import RowRule, equal_dimensions
from weighbridge_server.inference._scores import ScoreCheck
from weighbridge_server.models import ModelRunError, ReadyModel, Scores, Tensor

Tensors = Mapping[str, Tensor]
"""Tensors by name."""


@dataclass(frozen=True, slots=True)
class Inference:
    """What the graph gave, in the order asked for, and each row's id."""

    outputs: Sequence[Tensor]
    prediction_ids: Sequence[UUID]


class Inferrer:
    """Answers tensors from one ready model and logs each row before it returns it.

    Where the model fits columns its score must lie in [0, 1], and all first dimensions are rows.
    """

    def __init__(self, model: ReadyModel, journal: Journal, counts: Counts | None = None) -> None:
        fits = model.misfit is None
        self.model = model
        self.equal_dimensions = equal_dimensions(model.signature, columns=fits)
        self.rows = RowRule.of(model.signature, model.score, self.equal_dimensions)
        self._journal = journal
        self._scored = "" if model.score is None else model.score.output
        self._check = ScoreCheck(model.score, probability=fits)
        self._threshold = model.metadata.threshold
        self._counts = counts or NoCounts()
        self._unknown = UnknownValues(model.metadata.known_values, self._counts)

    def infer(self, tensors: Tensors, wanted: Sequence[str], call: Call) -> Inference:
        """Run the graph for these outputs, on tensors that keep its signature.

        Raises UnfitTensorsError when there is no answer to what the caller sent, ModelRunError
        when there should have been one.
        """
        scored = self._scored
        names = [*wanted] if not scored or scored in wanted else [*wanted, scored]
        call.check_wanted()
        try:
            found = self.model.graph.infer(tensors, names)
        except ModelRunError:
            refuse_form(self.model, self.rows, tensors)
            raise
        output = found[names.index(scored)] if scored else None
        scores = None if output is None else self._check.read(output, tensors)
        rows = self.rows.count(tensors, output)
        self._unknown.see_columns(tensors)
        if rows is None or rows == 1:
            ids = self._log_row(tensors, rows, scores, call)
        else:
            ids = self._log_rows(tensors, rows, scores, call)
        return Inference(found[: len(wanted)], ids)

    def _log_row(
        self, tensors: Tensors, rows: int | None, scores: Scores | None, call: Call
    ) -> Sequence[UUID]:
        # A call that is one row as a whole may give several scores: then none is the row's.
        score = None if scores is None or len(scores) != 1 else scores.item()
        label = None if score is None or self._threshold is None else score >= self._threshold
        prediction_id = new_prediction_id()
        given = given_row(tensors, () if rows is None else self.rows.inputs)
        self._journal.answered(call, prediction_id, score, label, given)
        return (prediction_id,)

    def _log_rows(
        self, tensors: Tensors, rows: int, scores: Scores | None, call: Call
    ) -> Sequence[UUID]:
        ids = new_prediction_ids(rows)
        labels = None if scores is None or self._threshold is None else scores >= self._threshold
        given = given_rows(tensors, self.rows.inputs, rows)
        self._counts.batch(call.method, rows, 0)
        self._journal.answered_rows(call, ids, scores, labels, given)
        return ids
