"""logistics.delay.v1.DelayService: each method converts, calls one use case, converts back."""

from collections.abc import Mapping
from typing import Final

from logistics.delay.v1 import delay_service_pb2 as pb
from weighbridge_server.inference import Call, Serving, Slot
from weighbridge_server.transport._adapter import Method
from weighbridge_server.transport.delay._columns import check_lengths, find_faults
from weighbridge_server.transport.delay._convert import (
    batch_message,
    columns_of,
    given_columns,
    given_values,
    model_message,
    prediction_message,
    raw_columns_of,
    values_of,
    version_message,
)
from weighbridge_server.transport.delay._rules import read_rules
from weighbridge_server.transport.delay._schema import SERVICE, message_class, parse


class DelayService:
    """Answers from the serving model. Methods take and give bytes; they raise domain errors."""

    service: Final = SERVICE
    logged: Final = frozenset({"Predict", "PredictBatch"})

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._rules = read_rules()
        self._predict_request = message_class(pb.PredictRequest)
        self._batch_request = message_class(pb.PredictBatchRequest)
        self._model_request = message_class(pb.GetModelRequest)

    @property
    def methods(self) -> Mapping[str, Method]:
        """Return the methods by their names in the proto."""
        return {
            "Predict": self.predict,
            "PredictBatch": self.predict_batch,
            "GetModel": self.get_model,
        }

    def predict(self, content: bytes, call: Call, serving: Serving) -> bytes:
        """Predict one shipment."""
        shipment = parse(self._predict_request, content).shipment
        values = values_of(shipment)
        prediction = serving.predictor.predict(values, given_values(values, shipment), call)
        return prediction_message(prediction, version_message(serving.model)).SerializeToString()

    def predict_batch(self, content: bytes, call: Call, serving: Serving) -> bytes:
        """Predict many shipments; a bad row fails alone."""
        shipments = parse(self._batch_request, content).shipments
        check_lengths(shipments)
        raw = raw_columns_of(shipments)
        valid, faults = find_faults(raw, self._rules)
        columns = columns_of(raw)
        batch = serving.predictor.predict_batch(columns, given_columns(columns, raw), valid, call)
        return batch_message(batch, faults, version_message(serving.model)).SerializeToString()

    def get_model(self, content: bytes, _: Call, serving: Serving) -> bytes:
        """Tell which model is loaded, and why it is not a newer one."""
        parse(self._model_request, content)
        return model_message(serving.model, self._slot.failure).SerializeToString()
