"""The synchronous shell: sends attempts and sleeps between them.

What an attempt carries, and whether another follows, is decided in `_call`.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TypeVar

import grpc

from logistics.delay.v1.delay_service_pb2_grpc import DelayServiceStub
from weighbridge._call import Call
from weighbridge._errors import ClientClosed
from weighbridge._settings import bearer
from weighbridge._status import call_error, read_failure
from weighbridge._target import CHANNEL_OPTIONS, resolve_target

if TYPE_CHECKING:
    import random

    from weighbridge._call import Attempt
    from weighbridge._results import Answer
    from weighbridge._settings import CallSettings

Request = TypeVar("Request")
Response = TypeVar("Response")


class Connection:
    """A channel shared by a client and its pinned views; safe to use from many threads."""

    def __init__(
        self, target: str, credentials: grpc.ChannelCredentials | None, rng: random.Random
    ) -> None:
        self._target = resolve_target(target)
        self._channel = (
            grpc.insecure_channel(self._target, options=CHANNEL_OPTIONS)
            if credentials is None
            else grpc.secure_channel(self._target, credentials, options=CHANNEL_OPTIONS)
        )
        self._rng = rng
        self._closed = threading.Event()
        self._heard = False
        self.stub = DelayServiceStub(self._channel)

    def close(self) -> None:
        """Close the channel; calls under way end as Cancelled or ClientClosed."""
        self._closed.set()
        self._channel.close()

    def call(
        self,
        method: str,
        rpc: grpc.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        settings: CallSettings,
        idempotency_key: str | None,
    ) -> tuple[Response, Answer]:
        """Make one call with the attempts that its settings allow; CallError after the last."""
        call = Call(
            settings, idempotency_key=idempotency_key, rng=self._rng, now_s=time.monotonic()
        )
        while True:
            attempt = call.begin(time.monotonic(), bearer(settings.token))
            try:
                response, sent = self._send(rpc, request, attempt)
            except grpc.RpcError as cause:
                self._pause_or_raise(method, call, cause)
            else:
                self._heard = True
                return response, call.answer(sent.initial_metadata(), sent.trailing_metadata())

    def _send(
        self,
        rpc: grpc.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        attempt: Attempt,
    ) -> tuple[Response, grpc.Call]:
        try:
            return rpc.with_call(
                request,
                timeout=attempt.timeout_s,
                metadata=attempt.metadata,
                wait_for_ready=attempt.wait_for_ready,
            )
        except ValueError as cause:  # what grpc raises on a channel that was closed
            if self._closed.is_set():
                raise ClientClosed("the client is closed; make a new one") from cause
            raise

    def _pause_or_raise(self, method: str, call: Call, cause: grpc.RpcError) -> None:
        if not isinstance(cause, grpc.Call):
            raise cause
        initial, trailing = cause.initial_metadata() or (), cause.trailing_metadata() or ()
        self._heard |= bool(initial or trailing)
        failure = read_failure(cause.code(), cause.details(), trailing)
        wait_s = call.wait_s(failure, time.monotonic())
        if wait_s is not None:
            if self._closed.wait(wait_s):
                raise ClientClosed("the client was closed while the call went on") from cause
            if not call.expired(time.monotonic()):
                return
        answer = call.answer(initial, trailing)
        raise call_error(method, failure, answer, self._hint(failure.code)) from cause

    def _hint(self, code: grpc.StatusCode) -> str | None:
        # grpc reports "Deadline Exceeded" alike for a slow server and for one that is not there.
        if code is not grpc.StatusCode.DEADLINE_EXCEEDED or self._heard:
            return None
        return (
            f"Nothing was heard from {self._target} so far: check the target, whether TLS is "
            "wanted there, and that the ingress is up; else raise timeout_s."
        )
