"""From a pin in Git to a verified graph that answers. Knows no request and no column's meaning."""

from weighbridge_server.models._errors import (
    ArtefactMissingError,
    BrokenArtefactError,
    DigestMismatchError,
    ModelError,
    ModelRunError,
    SignatureError,
    SmokeTestError,
    StoreUnreachableError,
)
from weighbridge_server.models._metadata import Metadata
from weighbridge_server.models._onnx import OnnxGraph, Scores
from weighbridge_server.models._pin import Pin
from weighbridge_server.models._ready import ReadyModel, load_model
from weighbridge_server.models._signature import Kind, Signature, TensorSpec
from weighbridge_server.models._tensors import Column, RowEncoder, to_tensors

__all__ = [
    "ArtefactMissingError",
    "BrokenArtefactError",
    "Column",
    "DigestMismatchError",
    "Kind",
    "Metadata",
    "ModelError",
    "ModelRunError",
    "OnnxGraph",
    "Pin",
    "ReadyModel",
    "RowEncoder",
    "Scores",
    "Signature",
    "SignatureError",
    "SmokeTestError",
    "StoreUnreachableError",
    "TensorSpec",
    "load_model",
    "to_tensors",
]
