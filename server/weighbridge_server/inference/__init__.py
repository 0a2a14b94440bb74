"""The use cases of a server, for any model: predict, and log what was answered or refused."""

from weighbridge_server.inference._call import Call, Route
from weighbridge_server.inference._counts import Counts
from weighbridge_server.inference._errors import InferenceError, UnfitTensorsError
from weighbridge_server.inference._inferrer import Inference, Inferrer, Tensors
from weighbridge_server.inference._journal import BatchRows, Journal, Origin
from weighbridge_server.inference._prediction import (
    BatchPrediction,
    Columns,
    Flags,
    Prediction,
    Values,
)
from weighbridge_server.inference._predictor import Predictor
from weighbridge_server.inference._serving import LoadFailure, Serving, Slot

__all__ = [
    "BatchPrediction",
    "BatchRows",
    "Call",
    "Columns",
    "Counts",
    "Flags",
    "Inference",
    "InferenceError",
    "Inferrer",
    "Journal",
    "LoadFailure",
    "Origin",
    "Prediction",
    "Predictor",
    "Route",
    "Serving",
    "Slot",
    "Tensors",
    "UnfitTensorsError",
    "Values",
]
