"""The gRPC server around the services: address, threads, health, reflection, errors."""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final

import grpc
from grpc_channelz.v1 import channelz_pb2
from grpc_channelz.v1.channelz import add_channelz_servicer
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from weighbridge_server.inference import Slot
from weighbridge_server.metrics import Metrics
from weighbridge_server.transport._adapter import Adapter
from weighbridge_server.transport._call import CallReader
from weighbridge_server.transport._errors import ListenError
from weighbridge_server.transport._handler import MethodHandler, Refusals, Surroundings
from weighbridge_server.transport._interceptor import CallInterceptor
from weighbridge_server.transport._messages import MessageWait, look_always
from weighbridge_server.transport._reflected import reflected_pool
from weighbridge_server.transport._streams import StreamInterceptor
from weighbridge_server.transport._threads import CallThreads

_SERVING: Final = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING: Final = health_pb2.HealthCheckResponse.NOT_SERVING
_CHANNELZ: Final = channelz_pb2.DESCRIPTOR.services_by_name["Channelz"]
_MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024
# For the last answers to leave. gRPC would wait longer, for the goodbye of idle clients, which
# some give only every five seconds.
_GOODBYE_LIMIT_S: Final = 1.0
# Beyond the limits for calls and streams there is room for refusals under way. Where even these
# do not keep up gRPC itself refuses, whatever it is, in its own words.
_SPARE_CALLS: Final = 1024
_OPTIONS: Final = (
    # Two servers on one port would each get a share of the connections and hide each other.
    ("grpc.so_reuseport", 0),
    # Envoy finds frozen servers by frequent pings; grpcio would close its connection for them.
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 500),
    # A client that vanished without a word would keep its streams' places for ever.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.max_pings_without_data", 0),
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
        metrics: Metrics,
        *,
        listen: str,
        threads: int,
        max_calls: int,
        message_limit_s: float,
        salt: str | None,
        channelz: bool = False,
    ) -> None:
        """Bind `listen` (host:port). Raises ListenError when the address cannot be had."""
        self._slot = slot
        self._adapters = tuple(adapters)
        self._threads = CallThreads(threads, "call")
        self._refusals = CallThreads(1, "refusal")
        metrics.watch_calls(lambda: self._threads.count)
        messages = MessageWait(self._threads, message_limit_s)
        around = Surroundings(CallReader(salt), slot, metrics, Refusals(), messages)
        calls = CallInterceptor(
            _handlers(adapters, around), self._threads, self._refusals, max_calls=max_calls
        )
        self._streams = StreamInterceptor(self._refusals, message_limit_s=message_limit_s)
        self._waits = (messages, *self._streams.waits)
        self._server = grpc.server(
            self._threads,
            interceptors=[calls, self._streams],
            options=(*_OPTIONS, ("grpc.enable_channelz", int(channelz))),
            maximum_concurrent_rpcs=max_calls + self._streams.max_calls + _SPARE_CALLS,
        )
        self._health = health.HealthServicer()
        self._saying = threading.Lock()
        self._leaving = True
        self.refresh_health()
        for adapter in adapters:
            self._add(adapter, calls)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if channelz:
            add_channelz_servicer(self._server)
        self._add_reflection(channelz=channelz)
        try:
            self.port = self._server.add_insecure_port(listen)
        except RuntimeError:
            raise ListenError(
                f"cannot listen on {listen}; free the address or change WEIGHBRIDGE_LISTEN"
            ) from None

    def start(self) -> None:
        """Take calls, then say SERVING."""
        look_always(self._waits)
        self._server.start()
        self._leaving = False
        self.refresh_health()

    def leave(self) -> None:
        """Say NOT_SERVING, and go on answering whoever still asks."""
        self._leaving = True
        self.refresh_health()

    def refresh_health(self) -> None:
        """Say which services the slot's model fits; to be called when another one took its place.

        The empty name stands for the process: SERVING while it takes calls.
        """
        # One at a time: a swap that began before `leave` must not say SERVING after it.
        with self._saying:
            self._slot.open = not self._leaving
            serving = self._slot.current
            fits = {adapter.service: adapter.fits(serving) for adapter in self._adapters}
            for name, well in {"": True, **fits}.items():
                said = _SERVING if well and not self._leaving else _NOT_SERVING
                self._health.set(name, said)

    def stop(self, limit_s: float) -> int:
        """Refuse new calls and finish the running ones; return how many go on past the limit.

        Their callers have been told, the calls themselves cannot be ended.
        """
        ends = time.monotonic() + limit_s
        stopped = self._server.stop(limit_s)
        self._streams.cancel()
        for wait in self._waits:
            wait.hurry()
        unfinished = self._threads.wait(ends - time.monotonic())
        unfinished += self._refusals.wait(ends - time.monotonic())
        stopped.wait(_GOODBYE_LIMIT_S)
        return unfinished

    def _add(self, adapter: Adapter, calls: CallInterceptor) -> None:
        # No deserializer: grpcio would answer malformed bytes with INTERNAL before we see them.
        handlers = {name: calls.answering[_path(adapter, name)] for name in adapter.methods}
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(adapter.service, handlers),)
        )
        self._server.add_registered_method_handlers(adapter.service, handlers)

    def _add_reflection(self, *, channelz: bool) -> None:
        libraries = [health.SERVICE_NAME, reflection.SERVICE_NAME]
        if channelz:
            libraries.append(_CHANNELZ.full_name)
        names = (*(adapter.service for adapter in self._adapters), *libraries)
        reflection.enable_server_reflection(names, self._server, pool=reflected_pool())


def _path(adapter: Adapter, name: str) -> str:
    return f"/{adapter.service}/{name}"


def _handlers(adapters: Sequence[Adapter], around: Surroundings) -> Mapping[str, MethodHandler]:
    return {
        _path(adapter, name): MethodHandler(
            _path(adapter, name), method, around, logged=name in adapter.logged
        )
        for adapter in adapters
        for name, method in adapter.methods.items()
    }
