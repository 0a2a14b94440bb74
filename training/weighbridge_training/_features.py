"""The features, each written once in NumPy and once in ONNX nodes, side by side.

Both must give the same float32 for the same raw columns, to the bit: a tree's threshold may lie
between two roundings. So all arithmetic is float32, in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from onnx import TensorProto

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge_training._graph import GraphBuilder
    from weighbridge_training.table import Array


class Feature(Protocol):
    """One number per shipment, float32."""

    @property
    def name(self) -> str:
        """What the feature is called in records."""

    def fit(self, columns: Mapping[str, Array], late: Array) -> Feature:
        """Return the feature with what it learns from the rows; most learn nothing."""

    def compute(self, columns: Mapping[str, Array]) -> Array:
        """Return the values."""

    def emit(self, graph: GraphBuilder) -> str:
        """Add the nodes that compute the values; return their tensor's name."""


@dataclass(frozen=True)
class _Stateless:
    def fit(self, columns: Mapping[str, Array], late: Array) -> Self:
        return self


@dataclass(frozen=True)
class Number(_Stateless):
    """A raw number as it comes."""

    name: str

    def compute(self, columns: Mapping[str, Array]) -> Array:
        return columns[self.name]

    def emit(self, graph: GraphBuilder) -> str:
        return graph.input(self.name)


@dataclass(frozen=True)
class Flag(_Stateless):
    """1 where a named-value column has the value, else 0."""

    column: str
    value: str

    @property
    def name(self) -> str:
        return f"{self.column}={self.value}"

    def compute(self, columns: Mapping[str, Array]) -> Array:
        return np.asarray(columns[self.column] == self.value).astype(np.float32)

    def emit(self, graph: GraphBuilder) -> str:
        return graph.lookup(graph.input(self.column), {self.value: 1.0}, 0.0)


@dataclass(frozen=True)
class Ordinal(_Stateless):
    """The position of a named value in its list; -1 for a value that is not in it."""

    name: str
    values: tuple[str, ...]

    def compute(self, columns: Mapping[str, Array]) -> Array:
        table = {value: position for position, value in enumerate(self.values)}
        return _look_up(columns[self.name], table, -1)

    def emit(self, graph: GraphBuilder) -> str:
        table = {value: float(position) for position, value in enumerate(self.values)}
        return graph.lookup(graph.input(self.name), table, -1.0)


@dataclass(frozen=True)
class Clock(_Stateless):
    """A part of the UTC time: whole units since 1970-01-01, modulo a cycle.

    So weekdays count from Thursday, which trees do not mind and which saves a node per call.
    """

    name: str
    unit_s: int
    cycle: int

    def compute(self, columns: Mapping[str, Array]) -> Array:
        units = columns["timestamp"] // self.unit_s
        return np.asarray(units % self.cycle).astype(np.float32)

    def emit(self, graph: GraphBuilder) -> str:
        time = graph.input("timestamp")
        # ONNX division truncates where Python floors: equal from 1970 on, and older is refused.
        units = graph.node("Div", time, graph.constant(self.unit_s, np.int64))
        part = graph.node("Mod", units, graph.constant(self.cycle, np.int64))
        return graph.node("Cast", part, to=TensorProto.FLOAT)


@dataclass(frozen=True)
class Ratio(_Stateless):
    """One raw number divided by another; a divisor below 1 counts as 1."""

    name: str
    over: str
    under: str

    def compute(self, columns: Mapping[str, Array]) -> Array:
        return np.asarray(columns[self.over] / np.maximum(columns[self.under], np.float32(1)))

    def emit(self, graph: GraphBuilder) -> str:
        under = graph.node("Max", graph.input(self.under), graph.constant(1, np.float32))
        return graph.node("Div", graph.input(self.over), under)


@dataclass(frozen=True)
class LateRate:
    """How often each value of an id column was late in training; a new id counts as the mean.

    Rare ids are drawn towards the mean: `prior` rows of it are added to each.
    """

    column: str
    prior: float = 50.0
    rates: Mapping[str, float] = field(default_factory=dict)
    mean: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.column}_late_rate"

    def fit(self, columns: Mapping[str, Array], late: Array) -> LateRate:
        ids, positions = np.unique(columns[self.column].astype(str), return_inverse=True)
        mean = float(late.mean())
        count = np.bincount(positions)
        total = np.bincount(positions, weights=late)
        rates = ((total + self.prior * mean) / (count + self.prior)).tolist()
        return LateRate(self.column, self.prior, dict(zip(ids.tolist(), rates, strict=True)), mean)

    def compute(self, columns: Mapping[str, Array]) -> Array:
        return _look_up(columns[self.column], self.rates, self.mean)

    def emit(self, graph: GraphBuilder) -> str:
        return graph.lookup(graph.input(self.column), dict(self.rates), self.mean)


def matrix(features: tuple[Feature, ...], columns: Mapping[str, Array]) -> Array:
    """Return the features' values, float32, shape (rows, features)."""
    return np.column_stack([feature.compute(columns) for feature in features])


def _look_up(values: Array, table: Mapping[str, float], default: float) -> Array:
    found = (table.get(value, default) for value in values.tolist())
    return np.fromiter(found, dtype=np.float32, count=len(values))
