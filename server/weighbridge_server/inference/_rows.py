"""How a signature counts rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from weighbridge_server.models import ScoreRef, Signature, Tensor

Axis = tuple[str, int]
"""An input's name and the number of one of its dimensions."""


@dataclass(frozen=True, slots=True)
class RowRule:
    """Tells the rows of a call from the shapes of its tensors.

    The rows are the first dimension of all `inputs`, those whose first dimension is open; there
    are none when the signature has no such input, or its score has no open dimension to hold one
    number a row: then each call is one row.
    """

    inputs: tuple[str, ...]
    compared: tuple[str, ...]
    """Those of them whose lengths are not known to be equal."""

    @classmethod
    def of(
        cls, signature: Signature, score: ScoreRef | None, equal: tuple[tuple[Axis, ...], ...]
    ) -> "RowRule":
        """Read the rule off a signature, some of whose dimensions are known to be equal."""
        scored = None if score is None else signature.output(score.output)
        if scored is not None and scored.shape[:1] != (-1,):
            return cls((), ())
        inputs = tuple(spec.name for spec in signature.inputs if spec.shape[:1] == (-1,))
        known = any({(name, 0) for name in inputs} <= set(axes) for axes in equal)
        return cls(inputs, () if known else inputs)

    def count(self, tensors: Mapping[str, Tensor], scored: Tensor | None) -> int | None:
        """Return how many rows these tensors are; None when they are one, whatever they hold."""
        if not self.inputs:
            return None
        rows = len(tensors[self.inputs[0]])
        for name in self.compared:
            if len(tensors[name]) != rows:
                return None
        if scored is not None and scored.shape[:1] != (rows,):
            return None
        return rows


def equal_dimensions(signature: Signature, *, columns: bool) -> tuple[tuple[Axis, ...], ...]:
    """Return which dimensions of the inputs must be of one size.

    These are the ones to which the graph gives one name, and with `columns` all first ones.
    """
    groups: dict[str, list[Axis]] = {}
    for spec in signature.inputs:
        symbols = ("rows", *spec.symbols[1:]) if columns else spec.symbols
        for axis, symbol in enumerate(symbols):
            if symbol:
                groups.setdefault(symbol, []).append((spec.name, axis))
    return tuple(tuple(axes) for axes in groups.values() if len(axes) > 1)
