"""From a call's metadata to what is logged of it."""

import re
from collections.abc import Iterable
from typing import Final, get_args

from weighbridge_predictionlog import hash_sticky_key
from weighbridge_server.inference import Call, Route

Metadata = Iterable[tuple[str, str | bytes]]

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_ROUTES: Final = frozenset(get_args(Route))
_MAX_CHARS: Final = 128  # what a direct caller may put into a row's text columns
_ATTEMPTS_AT_ENVOY: Final = 100


class CallReader:
    """Reads the metadata agreed in the wire's table; `salt` keeps user ids out of the log."""

    def __init__(self, salt: str) -> None:
        self._salt = salt

    def read(self, method: str, metadata: Metadata, started_ns: int) -> Call:
        """Describe a call; what is missing or unreadable counts as not said."""
        said = {key: value[:_MAX_CHARS] for key, value in metadata if isinstance(value, str)}
        user = said.get("x-user-id")
        route = said.get("x-route")
        return Call(
            method=method,
            started_ns=started_ns,
            attempt=_attempt(said.get("x-attempt"), said.get("x-envoy-attempt-count")),
            request_id=said.get("x-request-id") or None,
            idempotency_key=said.get("x-idempotency-key") or None,
            route=route if route in _ROUTES else None,  # type: ignore[arg-type]  # it is one
            routed_version=said.get("x-routed-version") or None,
            traffic_revision=said.get("x-traffic-revision") or None,
            sticky_key_hash=hash_sticky_key(user, self._salt) if user else None,
            trace_id=_trace_id(said.get("traceparent")),
        )


def _attempt(sdk: str | None, envoy: str | None) -> int:
    """Count over both layers of retries: a later try of the SDK outranks all of Envoy's."""
    return (_count(sdk) - 1) * _ATTEMPTS_AT_ENVOY + _count(envoy)


def _count(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit()):
        return 1
    return min(max(int(text), 1), _ATTEMPTS_AT_ENVOY - 1)


def _trace_id(traceparent: str | None) -> str | None:
    if traceparent is None:
        return None
    found = _TRACEPARENT.fullmatch(traceparent)
    return found[1] if found else None
