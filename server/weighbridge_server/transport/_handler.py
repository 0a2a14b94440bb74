"""One call from its message to its end: answered or refused, counted, logged."""

import logging
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Final

import grpc

from weighbridge_server.inference import Serving, Slot
from weighbridge_server.metrics import Metrics
from weighbridge_server.transport._adapter import Method
from weighbridge_server.transport._call import CallReader
from weighbridge_server.transport._errors import (
    AbandonedError,
    CancelledError,
    ExpiredError,
    NoMessageError,
    TooManyCallsError,
    TransportError,
)
from weighbridge_server.transport._messages import MessageWait
from weighbridge_server.transport._status import Failure, describe_failure

_log = logging.getLogger(__name__)

ARRIVED_NS: Final[ContextVar[int]] = ContextVar("arrived_ns")
"""When gRPC handed the call to us (perf_counter_ns), before it waited for a thread."""

_TOO_MANY: Final = describe_failure(TooManyCallsError("too many calls at once; try again"))
_QUIET_S: Final = 10.0
_TRACE_EACH_S: Final = 1.0
# A caller's deadline is a moment before ours, and so its cancellation comes first.
_DEADLINE_SLACK_S: Final = 0.1
# Between gRPC's two words on one event. It holds a thread, and so must not be longer.
_MOMENT_S: Final = 0.01


class Refusals:
    """Says in the log that calls are refused, now and then: there may be thousands a second."""

    def __init__(self) -> None:
        self._quiet_until_s = 0.0

    def tell(self, version: str) -> None:
        """Say so, unless it was said a moment ago. For one thread, that of the refusals."""
        now_s = time.monotonic()
        if now_s >= self._quiet_until_s:
            self._quiet_until_s = now_s + _QUIET_S
            _log.warning("too many calls at once; some are refused", extra={"version": version})


class Traces:
    """Says whose traceback the log needs: where a kind of error came from is told once a second.

    Each failed call keeps its line. For any thread: at worst two tell the same.
    """

    def __init__(self) -> None:
        self._quiet_until_s: dict[type[BaseException], float] = {}

    def due(self, kind: type[BaseException]) -> bool:
        """Say whether to tell it now; then it has been told."""
        now_s = time.monotonic()
        if now_s < self._quiet_until_s.get(kind, 0.0):
            return False
        self._quiet_until_s[kind] = now_s + _TRACE_EACH_S
        return True


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the handlers of a server share."""

    reader: CallReader
    slot: Slot
    metrics: Metrics
    refusals: Refusals
    messages: MessageWait


class MethodHandler:
    """Handles one method of an adapter; `logged` says whether a refused call leaves a row.

    To gRPC it takes a stream of requests, which on the wire is the same as one. A handler of one
    message would not be called when its caller left while it waited for a thread, nor when the
    message is too large; this one always is, and takes the message itself.
    """

    def __init__(self, path: str, method: Method, around: Surroundings, *, logged: bool) -> None:
        self._path = path
        self._name = path.rpartition("/")[2]
        self._method = method
        self._logged = logged
        self._read = around.reader.read
        self._slot = around.slot
        self._metrics = around.metrics
        self._count = around.metrics.call
        self._refusals = around.refusals
        self._messages = around.messages
        self._traces = Traces()

    def answer(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        """Answer a call. Whatever goes wrong, the caller gets a status of the table."""
        arrived_ns = ARRIVED_NS.get()
        serving = self._slot.current  # once: whatever the call leaves behind names this one
        try:
            content = _receive(self._messages, requests, context)
            call = self._read(
                self._name,
                context.invocation_metadata(),
                arrived_ns,
                partial(_check_wanted, context),
                check_key=True,
            )
            answer = self._method(content, call, serving)
        except BaseException as error:  # else the caller would wait for an answer in vain
            failure = describe_failure(error)
            if isinstance(error, AbandonedError):
                self._metrics.expired()
            if not failure.expected:
                self._report(context, error, serving)
            self._note(failure, context, arrived_ns, serving)
        else:
            self._count(self._name, "OK", (time.perf_counter_ns() - arrived_ns) * 1e-9)
            return answer
        return context.abort_with_status(failure.status)

    def refuse(self, _: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        """Refuse a call, as one too many, without reading its message."""
        serving = self._slot.current
        self._metrics.shed()
        self._refusals.tell(serving.model.pin.version)
        self._note(_TOO_MANY, context, ARRIVED_NS.get(), serving)
        return context.abort_with_status(_TOO_MANY.status)

    def _note(
        self, failure: Failure, context: grpc.ServicerContext, arrived_ns: int, serving: Serving
    ) -> None:
        """Count the failed call, and log its row."""
        code = failure.code.name
        if self._logged:
            call = self._read(self._name, context.invocation_metadata(), arrived_ns)
            serving.journal.refused(call, code, failure.field)
        self._count(self._name, code, (time.perf_counter_ns() - arrived_ns) * 1e-9)

    def _report(
        self, context: grpc.ServicerContext, error: BaseException, serving: Serving
    ) -> None:
        """Write what must not be told to the caller, under the ids by which it will ask."""
        call = self._read(self._name, context.invocation_metadata(), 0)
        extra = {
            "method": self._path,
            "request_id": call.request_id,
            "trace_id": call.trace_id,
            "version": serving.model.pin.version,
            "kind": type(error).__name__,
        }
        traced = error if self._traces.due(type(error)) else None
        _log.error("a call failed", extra=extra, exc_info=traced)


def _receive(
    messages: MessageWait, requests: Iterator[bytes], context: grpc.ServicerContext
) -> bytes:
    """Take the one message of a call whose caller still waits."""
    try:
        content = messages.receive(requests)
    except StopIteration:
        raise _without_message(context) from None
    except grpc.RpcError:  # gRPC's way to say that the caller is gone
        raise _abandoned(context) from None
    if context.time_remaining() <= 0:
        raise _abandoned(context)
    return content


def _without_message(context: grpc.ServicerContext) -> TransportError:
    """Tell a call that brought nothing from one whose caller left, or brought too much.

    To us both are the end of its messages. The others are over, as we may learn a moment later;
    who brought too much has its answer from gRPC.
    """
    over = threading.Event()
    if not context.add_callback(over.set) or over.wait(_MOMENT_S):
        return _abandoned(context)
    return NoMessageError()


def _check_wanted(context: grpc.ServicerContext) -> None:
    """Raise AbandonedError when the caller does not wait any more."""
    if context.time_remaining() <= 0 or not context.is_active():
        raise _abandoned(context)


def _abandoned(context: grpc.ServicerContext) -> AbandonedError:
    if context.time_remaining() < _DEADLINE_SLACK_S:
        return ExpiredError("the deadline passed before the model was asked")
    return CancelledError("the caller left before the model was asked")
