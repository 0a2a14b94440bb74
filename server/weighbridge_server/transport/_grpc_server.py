"""The gRPC server around the services: address, threads, health, reflection, errors."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from weighbridge_server.inference import Slot
from weighbridge_server.transport._adapter import Adapter, Method
from weighbridge_server.transport._call import CallReader, Metadata, check_key
from weighbridge_server.transport._errors import ListenError
from weighbridge_server.transport._interceptor import ErrorInterceptor
from weighbridge_server.transport._status import Failure
from weighbridge_server.transport._streams import StreamInterceptor, run_on
from weighbridge_server.transport._threads import CallThreads
from weighbridge_server.transport.delay import descriptor_pool

_MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024
# For the last answers to leave. gRPC would wait longer, for the goodbye of idle clients, which
# some give only every five seconds.
_GOODBYE_LIMIT_S: Final = 1.0
_OPTIONS: Final = (
    # Two servers on one port would each get a share of the connections and hide each other.
    ("grpc.so_reuseport", 0),
    # Envoy finds frozen servers by frequent pings; grpcio would close its connection for them.
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 500),
    ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
)


class GrpcServer:
    """Serves one slot at one address by the services given; `port` is the bound one.

    Health says NOT_SERVING until `start` and again from `leave` on.
    """

    def __init__(
        self,
        slot: Slot,
        adapters: Sequence[Adapter],
        *,
        listen: str,
        threads: int,
        salt: str | None,
    ) -> None:
        """Bind `listen` (host:port). Raises ListenError when the address cannot be had."""
        self._slot = slot
        self._services = tuple(adapter.service for adapter in adapters)
        self._logged = frozenset(
            f"/{adapter.service}/{name}" for adapter in adapters for name in adapter.logged
        )
        self._calls = CallReader(salt)
        self._streams = StreamInterceptor()
        self._threads = CallThreads(threads)
        self._server = grpc.server(
            self._threads,
            interceptors=[ErrorInterceptor(self._log_refused), self._streams],
            options=_OPTIONS,
        )
        self._health = health.HealthServicer()
        self.leave()
        for adapter in adapters:
            self._add(adapter)
        self._add_health()
        self._add_reflection()
        try:
            self.port = self._server.add_insecure_port(listen)
        except RuntimeError:
            raise ListenError(
                f"cannot listen on {listen}; free the address or change WEIGHBRIDGE_LISTEN"
            ) from None

    def start(self) -> None:
        """Take calls, then say SERVING."""
        self._server.start()
        self._say(health_pb2.HealthCheckResponse.SERVING)

    def leave(self) -> None:
        """Say NOT_SERVING, and go on answering whoever still asks."""
        self._say(health_pb2.HealthCheckResponse.NOT_SERVING)

    def stop(self, limit_s: float) -> int:
        """Refuse new calls and finish the running ones; return how many go on past the limit.

        Their callers have been told, the calls themselves cannot be ended.
        """
        stopped = self._server.stop(limit_s)
        self._streams.cancel()
        unfinished = self._threads.wait(limit_s)
        stopped.wait(_GOODBYE_LIMIT_S)
        return unfinished

    def _say(self, status: int) -> None:
        for name in ("", *self._services):
            self._health.set(name, status)

    def _add(self, adapter: Adapter) -> None:
        # No deserializer: grpcio would answer malformed bytes with INTERNAL before we see them.
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            name: grpc.unary_unary_rpc_method_handler(self._bind(name, method))
            for name, method in adapter.methods.items()
        }
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(adapter.service, handlers),)
        )
        self._server.add_registered_method_handlers(adapter.service, handlers)

    def _bind(self, name: str, method: Method) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        read, slot = self._calls.read, self._slot

        def behaviour(request: bytes, context: grpc.ServicerContext) -> bytes:
            started_ns = time.perf_counter_ns()
            metadata = context.invocation_metadata()
            check_key(metadata)
            return method(request, read(name, metadata, started_ns), slot.current)

        return behaviour

    def _add_health(self) -> None:
        # Asked among long batches it must still answer in time, or Envoy takes us for dead.
        own_thread = ThreadPoolExecutor(1, thread_name_prefix="health")
        self._health.Check = run_on(own_thread, self._health.Check)  # type: ignore[method-assign]
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)

    def _add_reflection(self) -> None:
        names = (*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server, pool=_reflected_pool())

    def _log_refused(
        self, path: str, metadata: Metadata, started_ns: int, failure: Failure
    ) -> None:
        if path in self._logged:
            call = self._calls.read(path.rpartition("/")[2], metadata, started_ns)
            self._slot.current.journal.refused(call, failure.code.name, failure.field)


def _reflected_pool() -> DescriptorPool:
    """Return the delay package's pool, rules and all, with the two library services in it."""
    pool = descriptor_pool()
    for file in (health_pb2.DESCRIPTOR, reflection_pb2.DESCRIPTOR):
        pool.AddSerializedFile(file.serialized_pb)
    return pool
