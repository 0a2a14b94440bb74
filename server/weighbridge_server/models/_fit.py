"""Whether a service can supply what a model takes, and gets what it needs from it."""

from collections.abc import Mapping
from typing import Final

from weighbridge_server.models._metadata import Metadata
from weighbridge_server.models._score import ScoreRef
from weighbridge_server.models._signature import OUTPUT, Kind, Signature, TensorSpec

Columns = Mapping[str, frozenset[str]]
"""What the requests of a service can supply: by name, the data types that a column can fill."""

# A column's numbers are doubles. FP32 rounds them, which changes no measured value by more than a
# ten-millionth, and models are trained on it; an integer type would cut their fractions off.
NUMBERS: Final = frozenset({"FP32", "FP64"})
# FP32 has no room for ten digits: seconds since 1970 would be off by up to a minute.
WHOLE_NUMBERS: Final = frozenset({"INT64", "FP64"})
TEXTS: Final = frozenset({"BYTES"})


def find_misfit(
    signature: Signature, metadata: Metadata, score: ScoreRef | None, columns: Columns
) -> str | None:
    """Say why a model cannot answer from `columns`; None when they fill every input of it.

    It must give a probability, which is its score and at a threshold becomes a label.
    """
    faults = [fault for spec in signature.inputs if (fault := _input_fault(spec, columns))]
    if not any(_is_probability(spec) for spec in signature.outputs):
        faults.append(f"it has no output {OUTPUT!r} of shape [rows]")
    elif score != ScoreRef(OUTPUT):
        faults.append(f"its weighbridge.score is {metadata.score!r} and not {OUTPUT!r}")
    threshold = metadata.threshold
    if threshold is None:
        faults.append("it has no weighbridge.threshold")
    elif not 0 <= threshold <= 1:
        faults.append(f"its weighbridge.threshold {threshold:g} is no probability")
    if not faults:
        return None
    return (
        f"the model does not fit this service: {'; '.join(faults)}; "
        "export it from raw columns, or pin another version"
    )


def _input_fault(spec: TensorSpec, columns: Columns) -> str | None:
    if spec.name not in columns:
        return f"it wants {spec.name!r}, which no request has"
    if spec.datatype not in columns[spec.name]:
        fillable = " or ".join(sorted(columns[spec.name]))
        return f"it wants {spec.name!r} as {spec.datatype}, the column fills {fillable}"
    if spec.shape != (-1,):
        return f"it wants {spec.name!r} with shape {list(spec.shape)}, columns have [rows]"
    return None


def _is_probability(spec: TensorSpec) -> bool:
    return spec.name == OUTPUT and spec.kind is Kind.NUMBER and spec.shape == (-1,)
