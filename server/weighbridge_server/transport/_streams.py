"""What keeps long streams and health checks out of the calls' way."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeAlias

import grpc

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"
Behaviour = Callable[..., Any]

_STREAM_THREADS: Final = 2


class StreamInterceptor(grpc.ServerInterceptor):
    """Keeps track of open streams, and off the calls' threads those that would hold one.

    Our own RPCs are unary. Health Watch and reflection stay open as long as their client likes: a
    reflection stream holds a thread, and each of them would hold up a stop until its limit.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_STREAM_THREADS, thread_name_prefix="stream")
        self._open: set[grpc.ServicerContext] = set()
        self._closed = False

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Handler],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Return a stream's handler wrapped, any other as it is."""
        handler = continuation(handler_call_details)
        if handler is None or not handler.response_streaming:
            return handler
        coders = handler.request_deserializer, handler.response_serializer
        if handler.unary_stream is not None:
            tracked = self._tracked(handler.unary_stream)
            return grpc.unary_stream_rpc_method_handler(tracked, *coders)
        if handler.stream_stream is not None:
            tracked = self._tracked(handler.stream_stream)
            return grpc.stream_stream_rpc_method_handler(tracked, *coders)
        return handler

    def cancel(self) -> None:
        """End every stream, also those yet to begin; clients open them at another server."""
        self._closed = True
        for context in tuple(self._open):
            context.cancel()

    def _tracked(self, behaviour: Behaviour) -> Behaviour:
        def tracked(request: Any, context: grpc.ServicerContext, *rest: Any) -> Any:
            self._open.add(context)
            if not context.add_callback(lambda: self._open.discard(context)):
                self._open.discard(context)
            # Asked after it stands in `_open`: `cancel` sees it, or it sees `cancel`.
            if self._closed:
                context.abort(grpc.StatusCode.UNAVAILABLE, "this server is stopping")
            return behaviour(request, context, *rest)

        if getattr(behaviour, "experimental_non_blocking", False):
            return _with_attributes_of(behaviour, tracked)
        return run_on(self._threads, tracked)


def run_on(threads: ThreadPoolExecutor, behaviour: Behaviour) -> Behaviour:
    """Give a method threads of its own, so that it neither waits for calls nor delays them."""

    def moved(*arguments: Any) -> Any:
        return behaviour(*arguments)

    _with_attributes_of(behaviour, moved)
    # grpcio looks for a method's own threads in this attribute of its function.
    moved.experimental_thread_pool = threads  # type: ignore[attr-defined]  # grpcio's name
    return moved


def _with_attributes_of(source: Behaviour, target: Behaviour) -> Behaviour:
    target.__dict__.update(getattr(source, "__dict__", {}))
    return target
