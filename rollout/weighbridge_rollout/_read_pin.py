"""Read a version's pin from Git."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge_rollout._clone import open_clone
from weighbridge_rollout._trafficfile import read_data

if TYPE_CHECKING:
    from weighbridge_rollout._environment import Environment


def read_pin(environment: Environment, label: str) -> dict[str, str] | None:
    """Return a pin's variables (MODEL_NAME, MODEL_VERSION, …), None where Git holds no pin."""
    with open_clone(environment) as clone:
        blob = clone.blob(clone.tip, environment.model_file(label))
        return None if blob is None else read_data(clone.text(blob))
