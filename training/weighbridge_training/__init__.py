"""Data, training, ONNX export and registration of LogisticsDelayModel.

Importing this package loads neither NumPy nor MLflow. Submodules: `dataset` (rows as CSV, standard
library only), `generator`, `table`, `job`, `export` (the steps of the training, one by one).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weighbridge_training._defaults import DEFAULT_ROWS, DEFAULT_SEED, MODEL_NAME
from weighbridge_training._errors import (
    DatasetError,
    ExportError,
    RegistrationError,
    TrainingError,
)

if TYPE_CHECKING:
    from weighbridge_training._registry import RegisteredVersion
    from weighbridge_training._run import train_and_register

__all__ = [
    "DEFAULT_ROWS",
    "DEFAULT_SEED",
    "MODEL_NAME",
    "DatasetError",
    "ExportError",
    "RegisteredVersion",
    "RegistrationError",
    "TrainingError",
    "train_and_register",
]


def __getattr__(name: str) -> Any:
    if name not in ("RegisteredVersion", "train_and_register"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from weighbridge_training._extra import check_extra

    check_extra()
    from weighbridge_training import _run

    return getattr(_run, name)
