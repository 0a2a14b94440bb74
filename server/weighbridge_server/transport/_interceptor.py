"""The first thing a call meets, on the one thread on which gRPC takes calls in."""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import grpc

from weighbridge_server.transport._handler import ARRIVED_NS, MethodHandler
from weighbridge_server.transport._streams import run_on
from weighbridge_server.transport._threads import CallThreads

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
MaybeHandler: TypeAlias = "Handler | None"


class CallInterceptor(grpc.ServerInterceptor):
    """Lets calls to our methods in, up to a number at once, and has the others refused.

    Refusals have a thread of their own: they must not wait behind the calls they give way to.
    What libraries serve (health, reflection, channelz) passes untouched.
    """

    def __init__(
        self,
        handlers: Mapping[str, MethodHandler],
        calls: CallThreads,
        refusals: CallThreads,
        *,
        max_calls: int,
    ) -> None:
        self._calls = calls
        self._max_calls = max_calls
        self.answering: Mapping[str, Handler] = {
            path: grpc.stream_unary_rpc_method_handler(handler.answer)
            for path, handler in handlers.items()
        }
        self._refusing: Mapping[str, Handler] = {
            path: grpc.stream_unary_rpc_method_handler(run_on(refusals, handler.refuse))
            for path, handler in handlers.items()
        }

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], MaybeHandler],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> MaybeHandler:
        """Return the handler that answers this call, or the one that refuses it."""
        method = handler_call_details.method
        answering = self.answering.get(method)
        if answering is None:
            return continuation(handler_call_details)
        ARRIVED_NS.set(time.perf_counter_ns())
        # Calls come in one by one, here, and so no two can take the last place.
        if self._calls.count >= self._max_calls:
            return self._refusing[method]
        return answering
