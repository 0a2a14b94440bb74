"""Answers as bytes.

The wire format is protobuf's own, in which a message is the concatenation of its fields. What is
the same in each answer is serialized once, and the long columns of a batch are laid out by numpy:
to make a Python object of each number and id would take long.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from logistics.delay.v1 import delay_service_pb2 as pb
from logistics.delay.v1.model_pb2 import ModelVersion
from weighbridge_predictionlog import PredictionIds
from weighbridge_server.inference import BatchPrediction, Prediction
from weighbridge_server.models import Pin
from weighbridge_server.transport.delay._columns import RowFault

_LENGTH_DELIMITED: Final = 2
_ID_CHARS: Final = 36
_LOW_CHARS: Final = 8  # of an id: what differs within a block


def version_message(pin: Pin) -> ModelVersion:
    """Name the model as every answer does."""
    return ModelVersion(name=pin.name, version=pin.version, digest=pin.digest)


class Answers:
    """Writes the answers of one model."""

    def __init__(self, pin: Pin) -> None:
        # Not the model itself: one that was replaced must be free when its last call has ended.
        self.pin = pin
        version = version_message(pin)
        self._of_one = pb.PredictResponse(model=version).SerializeToString()
        self._of_many = pb.PredictBatchResponse(model=version).SerializeToString()

    def one(self, prediction: Prediction) -> bytes:
        """Answer one shipment."""
        answer = pb.PredictResponse(
            prediction_id=prediction.prediction_id,
            probability=prediction.score,
            late=prediction.label,
        )
        return answer.SerializeToString() + self._of_one

    def many(self, batch: BatchPrediction, faults: Sequence[RowFault]) -> bytes:
        """Answer many shipments."""
        ids = batch.prediction_ids
        named = _block(ids) if isinstance(ids, PredictionIds) else _one_by_one(ids)
        errors = [
            pb.RowError(row=fault.row, field=fault.field, description=fault.description)
            for fault in faults
        ]
        parts = (
            named,
            _packed("probabilities", batch.scores.astype("<f8", copy=False)),
            _packed("late", batch.labels),
            pb.PredictBatchResponse(errors=errors).SerializeToString() if errors else b"",
            self._of_many,
        )
        return b"".join(parts)


def _one_by_one(ids: Sequence[Any]) -> bytes:
    message = pb.PredictBatchResponse(prediction_ids=[str(item or "") for item in ids])
    return message.SerializeToString()


def _block(ids: PredictionIds) -> bytes:
    """Write many ids: each its tag and length, what they share, and its own last digits."""
    head = _key("prediction_ids") + _varint(_ID_CHARS) + ids.shared.encode()
    low = np.arange(ids.low.start, ids.low.stop, dtype=">u4").tobytes().hex().encode()
    rows = np.empty((len(ids), len(head) + _LOW_CHARS), np.uint8)
    rows[:, : len(head)] = np.frombuffer(head, np.uint8)
    rows[:, len(head) :] = np.frombuffer(low, np.uint8).reshape(-1, _LOW_CHARS)
    return rows.tobytes()


def _packed(name: str, values: npt.NDArray[Any]) -> bytes:
    content = values.tobytes()
    return _key(name) + _varint(len(content)) + content


def _key(name: str) -> bytes:
    number = pb.PredictBatchResponse.DESCRIPTOR.fields_by_name[name].number
    return _varint(number << 3 | _LENGTH_DELIMITED)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
