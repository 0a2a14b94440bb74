"""From a pin or an alias to a verified graph that answers. Knows no request."""

from weighbridge_server.models._artefact import BytesSource
from weighbridge_server.models._errors import (
    ArtefactMissingError,
    BrokenArtefactError,
    DigestMismatchError,
    LoadError,
    ModelError,
    ModelRunError,
    RegistryUnreachableError,
    RunError,
    SignatureError,
    SmokeTestError,
    StoreUnreachableError,
    TensorsRefusedError,
    UnresolvedAliasError,
    reason_of,
)
from weighbridge_server.models._fit import NUMBERS, TEXTS, WHOLE_NUMBERS, Columns
from weighbridge_server.models._memory import PinMemory
from weighbridge_server.models._metadata import Metadata
from weighbridge_server.models._onnx import OnnxGraph, Tensor
from weighbridge_server.models._pin import Pin
from weighbridge_server.models._ready import ReadyModel, load_model
from weighbridge_server.models._registry import Alias, resolve_alias
from weighbridge_server.models._score import ANY_NUMBER, PROBABILITY, ScoreRange, ScoreRef, Scores
from weighbridge_server.models._signature import Kind, Signature, TensorSpec
from weighbridge_server.models._tensors import Column, RowEncoder, to_tensors

__all__ = [
    "ANY_NUMBER",
    "NUMBERS",
    "PROBABILITY",
    "TEXTS",
    "WHOLE_NUMBERS",
    "Alias",
    "ArtefactMissingError",
    "BrokenArtefactError",
    "BytesSource",
    "Column",
    "Columns",
    "DigestMismatchError",
    "Kind",
    "LoadError",
    "Metadata",
    "ModelError",
    "ModelRunError",
    "OnnxGraph",
    "Pin",
    "PinMemory",
    "ReadyModel",
    "RegistryUnreachableError",
    "RowEncoder",
    "RunError",
    "ScoreRange",
    "ScoreRef",
    "Scores",
    "Signature",
    "SignatureError",
    "SmokeTestError",
    "StoreUnreachableError",
    "Tensor",
    "TensorSpec",
    "TensorsRefusedError",
    "UnresolvedAliasError",
    "load_model",
    "reason_of",
    "resolve_alias",
    "to_tensors",
]
