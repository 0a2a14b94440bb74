"""Tell when a label is a rule of other columns, so that a model can only repeat the rule."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from weighbridge_training._columns import STATUS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A group this small can be pure by chance; with this many rows a share of any size would show.
_LEAST_ROWS_PER_GROUP = 20


@dataclass(frozen=True, slots=True)
class LabelRule:
    """A rule without exception: late exactly when `text` holds."""

    columns: tuple[str, ...]
    text: str
    rows: int

    @property
    def hidden(self) -> bool:
        """Whether the rule needs the shipment status, which is no input of a model."""
        return STATUS in self.columns

    @property
    def warning(self) -> str:
        """What a person must know before trusting a model trained on this label."""
        inputs = [column for column in self.columns if column != STATUS]
        told = f"The label of all {self.rows} rows is a rule: late = {self.text}. "
        if not self.hidden:
            return told + "Every version that has these columns learns it; none can be better."
        told += "Shipment status is not an input, since it is known only after the fact. "
        if not inputs:
            return told + "The inputs tell nothing about this label: v6 and v7 are guesses."
        return told + (
            f"A model can learn only the half that {' and '.join(inputs)} gives, "
            "and this data cannot tell v6 from v7."
        )


def find_label_rule(columns: Mapping[str, Sequence[str]], late: Sequence[bool]) -> LabelRule | None:
    """Return the rule of at most two named-value columns that gives every label, if there is one.

    None as well when only one outcome occurs, or when groups are too small to tell.
    """
    if len(set(late)) < 2:
        return None
    for size in (1, 2):
        for names in combinations(columns, size):
            outcome = _pure_groups(tuple(zip(*(columns[n] for n in names), strict=True)), late)
            if outcome is not None:
                return LabelRule(names, _wording(names, outcome), len(late))
    return None


def _pure_groups(
    keys: Sequence[tuple[str, ...]], late: Sequence[bool]
) -> dict[tuple[str, ...], bool] | None:
    outcomes: dict[tuple[str, ...], bool] = {}
    for key, label in zip(keys, late, strict=True):
        if outcomes.setdefault(key, label) != label:
            return None
    enough = len(keys) >= _LEAST_ROWS_PER_GROUP * len(outcomes)
    return outcomes if enough else None


def _wording(names: tuple[str, ...], late: Mapping[tuple[str, ...], bool]) -> str:
    """Name single values that are always late; groups that they do not cover, by all columns."""
    parts, covered = [], set()
    for position, name in enumerate(names):
        for value in sorted({key[position] for key in late}):
            group = {key for key in late if key[position] == value}
            if all(late[key] for key in group):
                parts.append(f"({name} is {value})")
                covered |= group
    for key in sorted(key for key, label in late.items() if label and key not in covered):
        pairs = zip(names, key, strict=True)
        parts.append("(" + " and ".join(f"{name} is {value}" for name, value in pairs) + ")")
    return " or ".join(parts)
