"""logistics.delay.v1.DelayService: each method converts, calls one use case, converts back."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from logistics.delay.v1 import delay_service_pb2 as pb
from weighbridge_server.inference import Call, Serving, Slot
from weighbridge_server.models import Pin
from weighbridge_server.transport._adapter import Method
from weighbridge_server.transport.delay._answer import Answers
from weighbridge_server.transport.delay._columns import check_lengths, find_faults
from weighbridge_server.transport.delay._convert import (
    columns_of,
    given_columns,
    given_values,
    model_message,
    raw_columns_of,
    values_of,
)
from weighbridge_server.transport.delay._rules import QuickCheck, read_rules
from weighbridge_server.transport.delay._schema import SERVICE, message_class, parse


class DelayService:
    """Answers from the serving model. Methods take and give bytes; they raise domain errors.

    A model that does not fit is told of all the same; to predict from it is a SignatureError.
    """

    service: Final = SERVICE
    logged: Final = frozenset({"Predict", "PredictBatch"})

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._rules = read_rules()
        self._quick = QuickCheck(self._rules)
        self._answers: Answers | None = None
        self._predict_request = message_class(pb.PredictRequest)
        self._batch_request = message_class(pb.PredictBatchRequest)
        self._model_request = message_class(pb.GetModelRequest)

    def fits(self, serving: Serving) -> bool:
        """Tell whether the model takes a shipment's columns and gives a probability."""
        return serving.predictor is not None

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
        predictor = serving.by_columns()
        shipment = parse(self._predict_request, content, is_valid=self._is_valid).shipment
        values = values_of(shipment)
        prediction = predictor.predict(values, given_values(values, shipment), call)
        return self._answers_of(serving.model.pin).one(prediction)

    def predict_batch(self, content: bytes, call: Call, serving: Serving) -> bytes:
        """Predict many shipments; a bad row fails alone."""
        predictor = serving.by_columns()
        shipments = parse(self._batch_request, content).shipments
        check_lengths(shipments)
        raw = raw_columns_of(shipments)
        valid, faults = find_faults(raw, self._rules)
        columns = columns_of(raw)
        given = partial(given_columns, columns, raw)
        batch = predictor.predict_batch(columns, given, valid, call)
        return self._answers_of(serving.model.pin).many(batch, faults)

    def _is_valid(self, request: pb.PredictRequest) -> bool:
        return request.HasField("shipment") and self._quick.passes(request.shipment)

    def _answers_of(self, pin: Pin) -> Answers:
        answers = self._answers
        if answers is None or answers.pin is not pin:
            answers = self._answers = Answers(pin)
        return answers

    def get_model(self, content: bytes, _: Call, serving: Serving) -> bytes:
        """Tell which model is loaded, and why it is not a newer one."""
        parse(self._model_request, content)
        return model_message(serving.model, self._slot.failure).SerializeToString()
