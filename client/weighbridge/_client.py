"""The synchronous client."""

from __future__ import annotations

import copy
import dataclasses
import random
from typing import TYPE_CHECKING

from logistics.delay.v1 import delay_service_pb2 as service_pb2
from weighbridge import _convert
from weighbridge._connection import Connection
from weighbridge._settings import (
    DEFAULT_RETRY,
    DEFAULT_TIMEOUT_S,
    UNSET,
    CallSettings,
    Retry,
    Token,
    Unset,
)
from weighbridge._shipment import as_shipment, as_shipments

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    import grpc
    from typing_extensions import Self

    from weighbridge._results import BatchPrediction, Prediction, ServedModel
    from weighbridge._shipment import ShipmentLike


class Client:
    """Asks Weighbridge for predictions; make one per process and share it between threads.

    Close it, or use it in a `with` block. Nothing is connected before the first call. Every call
    is safe to repeat and is repeated as `retry` says, all attempts within `timeout_s`.
    """

    def __init__(
        self,
        target: str,
        *,
        timeout_s: float | None = DEFAULT_TIMEOUT_S,
        retry: Retry = DEFAULT_RETRY,
        credentials: grpc.ChannelCredentials | None = None,
        user_id: str | None = None,
        pin: str | None = None,
        token: Token | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """Check the settings; SettingsError names the one that cannot work.

        Without credentials the channel is plaintext. `user_id` keeps a caller on its version
        while traffic moves; `pin` asks for one version and needs a token; `rng` draws the jitter.
        """
        self._settings = CallSettings(
            timeout_s=timeout_s, retry=retry, user_id=user_id, pin=pin, token=token
        )
        self._connection = Connection(
            target,
            credentials,
            rng or random.Random(),  # noqa: S311  # spreads waits, guards nothing
        )
        self._owns_connection = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the channel; does nothing on a pinned view, which only borrows it."""
        if self._owns_connection:
            self._connection.close()

    def pinned(self, version: str, *, token: Token | Unset | None = UNSET) -> Self:
        """Return a view on the same channel whose calls go to one version, for example "v7".

        The view ends with the client it came from. Its calls have no fall-back to another
        version. Leaving the token out keeps the client's.
        """
        kept = self._settings.token if isinstance(token, Unset) else token
        view = copy.copy(self)
        view._settings = dataclasses.replace(self._settings, pin=version, token=kept)
        view._owns_connection = False
        return view

    def predict(
        self,
        shipment: ShipmentLike,
        *,
        timeout_s: float | Unset | None = UNSET,
        retry: Retry | Unset = UNSET,
        user_id: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> Prediction:
        """Predict one shipment; InvalidShipment before the call, CallError after it."""
        request = service_pb2.PredictRequest(
            shipment=_convert.encode_shipment(as_shipment(shipment))
        )
        settings = self._settings.overridden(timeout_s, retry, user_id)
        response, answer = self._connection.call(
            "Predict", self._connection.stub.Predict, request, settings, idempotency_key
        )
        return _convert.decode_prediction(response, answer)

    def predict_batch(
        self,
        shipments: Sequence[ShipmentLike],
        *,
        timeout_s: float | Unset | None = UNSET,
        retry: Retry | Unset = UNSET,
        user_id: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> BatchPrediction:
        """Predict up to 65,536 shipments in one call; rows out of range fail alone, in `errors`.

        A row of the wrong type refuses the whole batch, with InvalidShipment, before the call.
        """
        request = service_pb2.PredictBatchRequest(
            shipments=_convert.encode_columns(as_shipments(shipments))
        )
        settings = self._settings.overridden(timeout_s, retry, user_id)
        response, answer = self._connection.call(
            "PredictBatch", self._connection.stub.PredictBatch, request, settings, idempotency_key
        )
        return _convert.decode_batch(response, answer)

    def model(
        self,
        *,
        timeout_s: float | Unset | None = UNSET,
        retry: Retry | Unset = UNSET,
        user_id: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> ServedModel:
        """Tell which model answers this caller now (GetModel)."""
        settings = self._settings.overridden(timeout_s, retry, user_id)
        response, answer = self._connection.call(
            "GetModel",
            self._connection.stub.GetModel,
            service_pb2.GetModelRequest(),
            settings,
            idempotency_key,
        )
        return _convert.decode_model(response, answer)
