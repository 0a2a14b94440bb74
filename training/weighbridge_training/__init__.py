"""Data, training, ONNX export and registration of LogisticsDelayModel; registration of any other.

Importing this package loads neither NumPy nor MLflow. Submodules: `dataset` (rows as CSV, standard
library only), `generator`, `table`, `job`, `export` (the steps of the training, one by one).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from weighbridge_training._defaults import DEFAULT_ROWS, DEFAULT_SEED, MODEL_NAME, SAMPLE_FILE
from weighbridge_training._errors import (
    DatasetError,
    ExampleError,
    ExportError,
    ModelFileError,
    RegistrationError,
    TrainingError,
)

if TYPE_CHECKING:
    from weighbridge_training._register import Registration, register_model
    from weighbridge_training._registry import RegisteredVersion
    from weighbridge_training._run import train_and_register

__all__ = [
    "DEFAULT_ROWS",
    "DEFAULT_SEED",
    "MODEL_NAME",
    "SAMPLE_FILE",
    "DatasetError",
    "ExampleError",
    "ExportError",
    "ModelFileError",
    "RegisteredVersion",
    "Registration",
    "RegistrationError",
    "TrainingError",
    "register_model",
    "train_and_register",
]


_HEAVY = {
    "RegisteredVersion": "_registry",
    "Registration": "_register",
    "register_model": "_register",
    "train_and_register": "_run",
}


def __getattr__(name: str) -> Any:
    if name not in _HEAVY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from weighbridge_training._extra import check_extra

    check_extra()
    return getattr(import_module(f"{__name__}.{_HEAVY[name]}"), name)
