"""What an artefact says about itself: the graph's metadata_props, covered by its digest."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Json, JsonValue, ValidationError

from weighbridge_server.models._errors import BrokenArtefactError

_PREFIX = "weighbridge."

Tensors = dict[str, list[JsonValue] | float | str]
"""Tensors by name, as nested lists."""


class Smoke(BaseModel):
    """One prediction recorded in training: inputs, what came out, how near is equal.

    `tolerance` is absolute for small numbers and relative for large ones.
    """

    model_config = ConfigDict(frozen=True)

    inputs: Tensors
    outputs: Annotated[Tensors, Field(min_length=1)]
    tolerance: Annotated[float, Field(gt=0)]


class Metadata(BaseModel):
    """What the server needs from an artefact besides its graph."""

    model_config = ConfigDict(frozen=True)

    smoke: Json[Smoke]
    threshold: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """At or above it a score is labelled true; None labels nothing."""

    score: Annotated[str, Field(min_length=1)] | None = None
    """Which output is the score, `name` or `name[column]`."""

    known_values: Json[dict[str, frozenset[str]]] = Field(default_factory=dict)
    """The values that training met, of inputs where others are to be noticed."""

    metrics: Json[dict[str, float]] = Field(default_factory=dict)
    run_id: str = ""


def read_metadata(properties: Mapping[str, str]) -> Metadata:
    """Read the `weighbridge.` entries. Raises BrokenArtefactError naming each one that is wrong."""
    own = {
        key.removeprefix(_PREFIX): value
        for key, value in properties.items()
        if key.startswith(_PREFIX)
    }
    try:
        return Metadata.model_validate(own)
    except ValidationError as error:
        faults = "; ".join(
            f"{_PREFIX}{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors()
        )
        raise BrokenArtefactError(
            f"the model's metadata_props: {faults}; export it again"
        ) from None
