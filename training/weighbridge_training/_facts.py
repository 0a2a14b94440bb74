"""What a graph's own file says of it: its recorded answer, its score, its threshold."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx

from weighbridge_training._columns import OUTPUT
from weighbridge_training._errors import ExampleError, ModelFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge_training._graph_file import GraphFile, Tensor, TensorSpec

_PREFIX: Final = "weighbridge."
_COLUMN: Final = re.compile(r"(?P<output>.+)\[(?P<column>\d+)\]")


@dataclass(frozen=True, slots=True)
class Stamped:
    """A graph and the facts that its file is to hold, but for the run's id."""

    graph: GraphFile
    facts: Mapping[str, str]
    metrics: Mapping[str, float]

    def content(self, run_id: str = "") -> bytes:
        """Return the artefact's bytes; facts that the file held before are replaced."""
        model = onnx.ModelProto()
        model.CopyFrom(self.graph.model)
        foreign = [one for one in model.metadata_props if not one.key.startswith(_PREFIX)]
        del model.metadata_props[:]
        model.metadata_props.extend(foreign)
        run = {"run_id": run_id} if run_id else {}
        for name, value in {**self.facts, **run}.items():
            model.metadata_props.add(key=f"{_PREFIX}{name}", value=value)
        return model.SerializeToString(deterministic=True)

    @property
    def sha256(self) -> str:
        """Tell the same model from another one, whichever run it came by."""
        return hashlib.sha256(self.content()).hexdigest()


def record_smoke(graph: GraphFile, feeds: Mapping[str, Tensor], tolerance: float) -> dict[str, Any]:
    """Run the example and return what a server must get from it before it answers calls.

    ModelFileError when a second run gives something else, ExampleError for an answer that is no
    number.
    """
    first, second = graph.run_twice(feeds)
    for spec, one, other in zip(graph.outputs, first, second, strict=True):
        if one.dtype.kind == "f" and not np.isfinite(one).all():
            raise ExampleError(f"the graph answers the example with {spec.name} = {one.tolist()}")
        if not _equal(one, other, tolerance):
            raise ModelFileError(
                f"the same inputs give {spec.name} = {one.tolist()}, then {other.tolist()}: "
                "a model must answer alike each time; export it without what is random"
            )
    return {
        "inputs": {name: tensor.tolist() for name, tensor in feeds.items()},
        "outputs": {
            spec.name: tensor.tolist() for spec, tensor in zip(graph.outputs, first, strict=True)
        },
        "tolerance": tolerance,
    }


def _equal(one: Tensor, other: Tensor, tolerance: float) -> bool:
    if one.dtype.kind != "f":
        return np.array_equal(one, other)
    return one.shape == other.shape and np.allclose(one, other, rtol=tolerance, atol=tolerance)


def find_score(graph: GraphFile, named: str | None) -> str | None:
    """Return the name of the output that is the score, `name` or `name[column]`; None without one.

    ModelFileError when the graph gives nothing of that name, or not one number for each row.
    """
    wanted = OUTPUT if named is None else named
    found = _COLUMN.fullmatch(wanted)
    output, column = (found["output"], int(found["column"])) if found else (wanted, None)
    spec = next((spec for spec in graph.outputs if spec.name == output), None)
    if spec is not None and _gives_one_number(spec, column):
        return wanted
    if named is None:
        return None
    raise ModelFileError(
        f"{named} is no score; the graph gives {', '.join(map(str, graph.outputs))}: name an "
        "output of one number for each row, or a column of several, as in probabilities[1]"
    )


def _gives_one_number(spec: TensorSpec, column: int | None) -> bool:
    if spec.dtype.kind not in "iuf":
        return False
    if column is None:
        return len(spec.shape) <= 1
    return len(spec.shape) == 2 and (spec.shape[1] == -1 or column < spec.shape[1])


def stamp(
    graph: GraphFile,
    feeds: Mapping[str, Tensor],
    *,
    score: str | None,
    threshold: float | None,
    metrics: Mapping[str, float],
    tolerance: float,
) -> Stamped:
    """Collect the facts. Raises ModelFileError and ExampleError."""
    facts = {
        "smoke": json.dumps(record_smoke(graph, feeds, tolerance)),
        "metrics": json.dumps(dict(metrics)),
    }
    found = find_score(graph, score)
    if found is not None:
        facts["score"] = found
    if threshold is not None:
        if found is None:
            raise ModelFileError("a threshold is for a score: name an output as the score")
        if not math.isfinite(threshold):
            raise ModelFileError(f"a threshold of {threshold} labels nothing: give a number")
        facts["threshold"] = repr(threshold)
    return Stamped(graph, facts, metrics)
