"""What an artefact says about itself: the graph's metadata_props, covered by its digest."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Json, ValidationError

from weighbridge_server.models._errors import BrokenArtefactError

_PREFIX = "weighbridge."


class Smoke(BaseModel):
    """One prediction recorded in training: input columns, what came out, how near is equal."""

    model_config = ConfigDict(frozen=True, strict=True)

    inputs: dict[str, list[float | int | str]]
    probability: Annotated[list[float], Field(min_length=1)]
    tolerance: Annotated[float, Field(gt=0)]


class Metadata(BaseModel):
    """What the server needs from an artefact besides its graph."""

    model_config = ConfigDict(frozen=True)

    threshold: Annotated[float, Field(ge=0, le=1)]
    smoke: Json[Smoke]
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
