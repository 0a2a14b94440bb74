"""What can go wrong between a ready model and a call's tensors.

InferenceError
└── UnfitTensorsError  the tensors keep the signature, and the model has no answer for them
"""

from collections.abc import Mapping


class InferenceError(Exception):
    """Base of this room's errors."""


class UnfitTensorsError(InferenceError):
    """The model has no answer for what these inputs hold; `faults` tells it of each by name."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in faults.items()))
        self.faults = dict(faults)
