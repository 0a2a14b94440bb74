"""The scores in what a graph gave, and whether they are ones."""

from collections.abc import Mapping

import numpy as np

from weighbridge_server.inference._blame import refuse_values
from weighbridge_server.models import (
    ANY_NUMBER,
    PROBABILITY,
    ModelRunError,
    ScoreRef,
    Scores,
    Tensor,
)


class ScoreCheck:
    """Reads a graph's scores; a probability lies in [0, 1], any other is a finite number."""

    def __init__(self, score: ScoreRef | None, *, probability: bool) -> None:
        self._score = score or ScoreRef("")
        self._range = PROBABILITY if probability else ANY_NUMBER

    def read(self, output: Tensor, tensors: Mapping[str, Tensor]) -> Scores:
        """Return the scores in this output for these inputs; what is off by rounding is cut in it.

        Raises UnfitTensorsError when there is none because of what the inputs hold, ModelRunError
        when there should have been one.
        """
        column = self._score.column
        if not _holds(output, column):
            raise ModelRunError(f"the graph gave its score {self._score} shape {output.shape}")
        scores = self._score.select(output)
        try:
            fine = self._range.cut(scores)
        except ModelRunError:
            refuse_values(tensors)
            raise
        if fine is not scores:
            cut = output if column is None else output[:, column]
            np.clip(cut, self._range.low, self._range.high, out=cut)
        return fine


def _holds(output: Tensor, column: int | None) -> bool:
    if column is None:
        return output.ndim <= 1
    return output.ndim == 2 and column < output.shape[1]
