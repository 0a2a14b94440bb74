"""What keeps the libraries' calls (health, reflection, channelz) out of our calls' way."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeAlias

import grpc

from weighbridge_server.transport._errors import NoMessageError
from weighbridge_server.transport._messages import MessageWait
from weighbridge_server.transport._threads import CallThreads

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
MaybeHandler: TypeAlias = "Handler | None"
Behaviour = Callable[..., Any]
Context = grpc.ServicerContext

# Where grpcio looks for a method's own threads, on its function, and for whether it answers by a
# function that it is given, and leaves its thread.
_OWN_THREADS: Final = "experimental_thread_pool"
_LEAVES_THREAD: Final = "experimental_non_blocking"
# Who tries a server out with reflection thinks for a while between two questions.
_REFLECTION_LIMIT_S: Final = 60.0


class _Lane:
    """The threads of one kind of call, and how many such calls there may be at once."""

    def __init__(self, name: str, *, threads: int, calls: int, limit_s: float) -> None:
        self.threads = CallThreads(threads, name)
        self.wait = MessageWait(self.threads, limit_s)
        self.calls = calls
        self.watching: set[Context] = set()  # streams that have left their thread

    @property
    def full(self) -> bool:
        return self.threads.count + len(self.watching) >= self.calls

    def first(self, requests: Iterator[Any], context: Context) -> Any:
        """Take a call's message, or end the call."""
        try:
            return self.wait.receive(requests)
        except StopIteration:
            text = str(NoMessageError())
        except NoMessageError as error:
            text = str(error)
        return context.abort(grpc.StatusCode.INVALID_ARGUMENT, text)

    def each(self, requests: Iterator[Any], context: Context) -> Iterator[Any]:
        """Take a stream's messages, or end the stream."""
        while True:
            try:
                yield self.wait.receive(requests)
            except StopIteration:
                return
            except NoMessageError as error:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))


class StreamInterceptor(grpc.ServerInterceptor):
    """Gives all that libraries serve lanes of their own, bounded, and keeps track of open streams.

    Our own RPCs do not come here. Health Watch and reflection stay open as long as their client
    likes: a reflection stream holds a thread, and each would hold up a stop until its limit.
    """

    def __init__(self, refusals: CallThreads, *, message_limit_s: float) -> None:
        # Health is asked among long batches, and by Envoy, which takes a late answer for death.
        self._calls = _Lane("health", threads=1, calls=256, limit_s=message_limit_s)
        self._watches = _Lane("watch", threads=1, calls=512, limit_s=message_limit_s)
        self._reflection = _Lane("reflection", threads=2, calls=16, limit_s=_REFLECTION_LIMIT_S)
        lanes = (self._calls, self._watches, self._reflection)
        self.max_calls = sum(lane.calls for lane in lanes)
        self.waits: Sequence[MessageWait] = [lane.wait for lane in lanes]
        self._refusing: Handler = grpc.stream_stream_rpc_method_handler(run_on(refusals, _refuse))
        self._open: set[Context] = set()
        self._closed = False

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], MaybeHandler],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> MaybeHandler:
        """Return the handler in its lane, or the one that refuses the call."""
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        if handler.unary_unary is not None:
            return self._in_lane(self._calls, _answering(self._calls, handler.unary_unary), handler)
        if handler.unary_stream is not None:
            watching = self._tracked(_watching(self._watches, handler.unary_stream))
            return self._in_lane(self._watches, watching, handler)
        if handler.stream_stream is not None:
            reflecting = self._tracked(_streaming(self._reflection, handler.stream_stream))
            return self._in_lane(self._reflection, reflecting, handler)
        return handler

    def cancel(self) -> None:
        """End every stream, also those yet to begin; clients open them at another server."""
        self._closed = True
        for context in tuple(self._open):
            context.cancel()

    def _in_lane(self, lane: _Lane, behaviour: Behaviour, handler: Handler) -> Handler:
        # Calls come in one by one, here, and so no two can take the last place.
        if lane.full:
            return self._refusing
        moved = run_on(lane.threads, behaviour)
        coders = handler.request_deserializer, handler.response_serializer
        if handler.response_streaming:
            return grpc.stream_stream_rpc_method_handler(moved, *coders)
        return grpc.stream_unary_rpc_method_handler(moved, *coders)

    def _tracked(self, behaviour: Behaviour) -> Behaviour:
        def tracked(requests: Any, context: Context, *rest: Any) -> Any:
            _keep_while_open(self._open, context)
            # Asked after it stands in `_open`: `cancel` sees it, or it sees `cancel`.
            if self._closed:
                context.abort(grpc.StatusCode.UNAVAILABLE, "this server is stopping")
            return behaviour(requests, context, *rest)

        return _with_attributes_of(behaviour, tracked)


def _answering(lane: _Lane, behaviour: Behaviour) -> Behaviour:
    # gRPC would wait for the one message itself, for as long as it takes.
    def answering(requests: Iterator[Any], context: Context) -> Any:
        return behaviour(lane.first(requests, context), context)

    return answering


def _watching(lane: _Lane, behaviour: Behaviour) -> Behaviour:
    def watching(requests: Iterator[Any], context: Context, send: Callable[[Any], None]) -> None:
        request = lane.first(requests, context)
        _keep_while_open(lane.watching, context)
        behaviour(request, _Aside(context, lane.threads), send)

    setattr(watching, _LEAVES_THREAD, True)
    return watching


def _streaming(lane: _Lane, behaviour: Behaviour) -> Behaviour:
    def streaming(requests: Iterator[Any], context: Context) -> Any:
        return behaviour(lane.each(requests, context), context)

    return streaming


class _Aside:
    """A Watch's context, of which health only wants to be called back when it ends.

    gRPC calls back on the one thread on which everything arrives. Health's callback takes the lock
    under which another Watch may wait for that thread, and the whole server would stand still.
    """

    def __init__(self, context: Context, threads: CallThreads) -> None:
        self._context = context
        self._threads = threads

    def add_callback(self, callback: Callable[[], None]) -> bool:
        def aside() -> None:
            self._threads.submit(callback)

        return self._context.add_callback(aside)


def _refuse(_: Iterator[bytes], context: Context) -> Any:
    return context.abort(
        grpc.StatusCode.RESOURCE_EXHAUSTED, "too many calls of this kind are open; end some"
    )


def _keep_while_open(kept: set[Context], context: Context) -> None:
    kept.add(context)
    if not context.add_callback(lambda: kept.discard(context)):
        kept.discard(context)


def run_on(threads: ThreadPoolExecutor, behaviour: Behaviour) -> Behaviour:
    """Give a method threads of its own, so that it neither waits for calls nor delays them."""

    def moved(*arguments: Any) -> Any:
        return behaviour(*arguments)

    _with_attributes_of(behaviour, moved)
    setattr(moved, _OWN_THREADS, threads)
    return moved


def _with_attributes_of(source: Behaviour, target: Behaviour) -> Behaviour:
    target.__dict__.update(getattr(source, "__dict__", {}))
    return target
