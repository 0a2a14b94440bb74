"""From a pin or an alias to a verified graph that answers. Knows no request."""

from weighbridge_server.models._artefact import BytesSource
from weighbridge_server.models._errors import (
    ArtefactMissingError,
    BrokenArtefactError,
    DigestMismatchError,
    ModelError,
    ModelRunError,
    RegistryUnreachableError,
    SignatureError,
    SmokeTestError,
    StoreUnreachableError,
    UnresolvedAliasError,
)
from weighbridge_server.models._metadata import Metadata
from weighbridge_server.models._onnx import OnnxGraph, Scores
from weighbridge_server.models._pin import Pin
from weighbridge_server.models._ready import ReadyModel, load_model
from weighbridge_server.models._registry import Alias, resolve_alias
from weighbridge_server.models._signature import Kind, Signature, TensorSpec
from weighbridge_server.models._tensors import Column, RowEncoder, to_tensors

__all__ = [
    "Alias",
    "ArtefactMissingError",
    "BrokenArtefactError",
    "BytesSource",
    "Column",
    "DigestMismatchError",
    "Kind",
    "Metadata",
    "ModelError",
    "ModelRunError",
    "OnnxGraph",
    "Pin",
    "ReadyModel",
    "RegistryUnreachableError",
    "RowEncoder",
    "Scores",
    "Signature",
    "SignatureError",
    "SmokeTestError",
    "StoreUnreachableError",
    "TensorSpec",
    "UnresolvedAliasError",
    "load_model",
    "resolve_alias",
    "to_tensors",
]
