"""Errors of this package.

TrainingError
├── DatasetError       a file cannot be read as the dataset; names line and column
├── ExportError        the ONNX graph does not answer as the fitted model does
├── ModelFileError     somebody's ONNX file cannot be served as it is
├── ExampleError       an example does not fit the model that it is given with
└── RegistrationError  the registry is not in a state that the story can be written to
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class TrainingError(Exception):
    """Base of all errors raised here."""


class DatasetError(TrainingError):
    """A file or table that is not the dataset; `line` counts from 1, the header being line 1."""

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        line: int | None = None,
        column: str | None = None,
    ) -> None:
        self.path = path
        self.line = line
        self.column = column
        place = ":".join(str(part) for part in (path, line) if part is not None)
        where = ": ".join(part for part in (place, column) if part)
        super().__init__(f"{where}: {message}" if where else message)


class ExportError(TrainingError):
    """The exported graph and the fitted model disagree."""


class ModelFileError(TrainingError):
    """The file is not one self-contained graph that answers alike each time."""


class ExampleError(TrainingError):
    """The example is not what the graph takes, or its answer cannot be compared."""


class RegistrationError(TrainingError):
    """The registry cannot take the versions as it stands."""
