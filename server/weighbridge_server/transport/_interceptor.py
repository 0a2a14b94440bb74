"""Errors become statuses here and nowhere else."""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import grpc

from weighbridge_server.transport._call import Metadata
from weighbridge_server.transport._status import Failure, describe_failure

_log = logging.getLogger(__name__)

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"
Behaviour = Callable[[Any, grpc.ServicerContext], Any]
OnFailure = Callable[[str, Metadata, int, Failure], None]
"""Takes the method's path, the call's metadata, when it began (perf_counter_ns), the failure."""


class ErrorInterceptor(grpc.ServerInterceptor):
    """Answers every unary call's error by the table and tells `on_failure` of it.

    The streams (health Watch, reflection) are libraries' own and raise nothing of ours.
    """

    def __init__(self, on_failure: OnFailure) -> None:
        self._on_failure = on_failure
        self._guarded: dict[str, Handler] = {}

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Handler],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Return the method's handler, guarded once and kept."""
        method = handler_call_details.method
        if guarded := self._guarded.get(method):
            return guarded
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        guarded = grpc.unary_unary_rpc_method_handler(
            self._guard(method, handler.unary_unary),
            handler.request_deserializer,
            handler.response_serializer,
        )
        return self._guarded.setdefault(method, guarded)

    def _guard(self, method: str, behaviour: Behaviour) -> Behaviour:
        def guarded(request: Any, context: grpc.ServicerContext) -> Any:
            started_ns = time.perf_counter_ns()
            try:
                return behaviour(request, context)
            except Exception as error:  # whatever it is, the caller gets a status
                failure = describe_failure(error)
                self._tell(method, context, started_ns, failure, error)
            return context.abort_with_status(failure.status)

        # grpcio finds a method's own thread pool as an attribute of its function.
        guarded.__dict__.update(getattr(behaviour, "__dict__", {}))
        return guarded

    def _tell(
        self,
        method: str,
        context: grpc.ServicerContext,
        started_ns: int,
        failure: Failure,
        error: Exception,
    ) -> None:
        metadata = context.invocation_metadata()
        if not failure.expected:
            extra = {"method": method, "request_id": dict(metadata).get("x-request-id")}
            _log.error("a call failed", extra=extra, exc_info=error)
        self._on_failure(method, metadata, started_ns, failure)
