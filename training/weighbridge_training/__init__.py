"""Data, training, ONNX export and registration of LogisticsDelayModel.

Importing this package loads neither NumPy nor MLflow; the names below load what they need when
they are first used. `weighbridge_training.dataset` reads and writes CSV with the standard library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from weighbridge_training._errors import (
    DatasetError,
    ExportError,
    RegistrationError,
    TrainingError,
)

if TYPE_CHECKING:
    from weighbridge_training._export import Artefact, export, run_graph
    from weighbridge_training._fit import Fitted
    from weighbridge_training._job import TrainingData, fit_story, load_data
    from weighbridge_training._registry import RegisteredVersion
    from weighbridge_training._run import train_and_register
    from weighbridge_training._table import Table, read_table
    from weighbridge_training.generator import Generated, generate, true_probability

__all__ = [
    "Artefact",
    "DatasetError",
    "ExportError",
    "Fitted",
    "Generated",
    "RegisteredVersion",
    "RegistrationError",
    "Table",
    "TrainingData",
    "TrainingError",
    "export",
    "fit_story",
    "generate",
    "load_data",
    "read_table",
    "run_graph",
    "train_and_register",
    "true_probability",
]

_LAZY = {
    "Artefact": "_export",
    "Fitted": "_fit",
    "Generated": "generator",
    "RegisteredVersion": "_registry",
    "Table": "_table",
    "TrainingData": "_job",
    "export": "_export",
    "fit_story": "_job",
    "generate": "generator",
    "load_data": "_job",
    "read_table": "_table",
    "run_graph": "_export",
    "train_and_register": "_run",
    "true_probability": "generator",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
