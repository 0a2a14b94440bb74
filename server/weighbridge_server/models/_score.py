"""Which of a graph's outputs is the score: the one number a row that the log keeps."""

import math
import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from weighbridge_server.models._errors import BrokenArtefactError, ModelRunError
from weighbridge_server.models._signature import OUTPUT, Kind, Signature, TensorSpec

Scores = npt.NDArray[np.float64]
# What a float32 sum of votes may be off.
_ROUNDING: Final = 1e-6
_COLUMN = re.compile(r"(?P<output>.+)\[(?P<column>\d+)\]")


@dataclass(frozen=True, slots=True)
class ScoreRef:
    """An output with one number a row, or one column of an output with several."""

    output: str
    column: int | None = None

    @classmethod
    def parse(cls, text: str) -> "ScoreRef":
        """Read `name` or `name[column]`."""
        if found := _COLUMN.fullmatch(text):
            return cls(found["output"], int(found["column"]))
        return cls(text)

    def select(self, output: npt.NDArray[np.generic]) -> Scores:
        """Pick the scores, one a row, out of what the graph gave for this output."""
        picked = output if self.column is None else output[..., self.column]
        return picked.astype(np.float64).reshape(-1)


@dataclass(frozen=True, slots=True)
class ScoreRange:
    """Where scores lie: finite numbers from `low` to `high`, but for what rounding does."""

    low: float
    high: float

    def holds(self, score: float) -> bool:
        """Tell whether a score needs no second look."""
        return self.low <= score <= self.high and math.isfinite(score)

    def cut(self, scores: Scores) -> Scores:
        """Return these scores, or new ones where rounding had put some outside.

        Raises ModelRunError for one that is further off, or no number.
        """
        if len(scores) == 1 and self.holds(scores.item()):
            return scores
        finite = np.isfinite(scores)
        if (finite & (scores >= self.low) & (scores <= self.high)).all():
            return scores
        bad = ~(finite & (scores >= self.low - _ROUNDING) & (scores <= self.high + _ROUNDING))
        if bad.any():
            index = int(bad.argmax())
            raise ModelRunError(f"the graph gave {scores[index]} as row {index}'s score")
        return scores.clip(self.low, self.high)


PROBABILITY: Final = ScoreRange(0.0, 1.0)
ANY_NUMBER: Final = ScoreRange(-math.inf, math.inf)


def find_score(named: str | None, signature: Signature) -> ScoreRef | None:
    """Return the score that the artefact names, else the output `probability`, else None.

    Raises BrokenArtefactError when the graph does not give what the artefact names.
    """
    score = ScoreRef(OUTPUT) if named is None else ScoreRef.parse(named)
    spec = signature.output(score.output)
    if spec is not None and _fits(score, spec):
        return score
    if named is None:
        return None
    outputs = ", ".join(f"{one.name} {list(one.shape)}" for one in signature.outputs)
    raise BrokenArtefactError(
        f"weighbridge.score is {named!r}, the graph gives {outputs}; name an output with one "
        "number a row, or a column of one with several, as in probabilities[1]"
    )


def _fits(score: ScoreRef, spec: TensorSpec) -> bool:
    if spec.kind is not Kind.NUMBER:
        return False
    if score.column is None:
        return len(spec.shape) <= 1
    return len(spec.shape) == 2 and (spec.shape[1] == -1 or score.column < spec.shape[1])
