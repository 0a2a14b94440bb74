"""From a call's metadata to what is logged of it."""

import re
from collections.abc import Callable, Iterable
from typing import Final, get_args

from weighbridge_predictionlog import hash_sticky_key
from weighbridge_server.inference import Call, Route
from weighbridge_server.transport._errors import InvalidRequestError, Violation

Metadata = Iterable[tuple[str, str | bytes]]

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_ROUTES: Final = frozenset(get_args(Route))
_MAX_CHARS: Final = 128  # what a direct caller may put into a row's text columns
_MAX_COUNT: Final = 32_767  # of a smallint
_KEY: Final = "x-idempotency-key"
_BAD_KEY: Final = Violation(_KEY, f"must be at most {_MAX_CHARS} printable ASCII characters")
_USER: Final = "x-user-id"
_SAID: Final = frozenset(
    {
        _KEY,
        "traceparent",
        "x-attempt",
        "x-envoy-attempt-count",
        "x-request-id",
        "x-route",
        "x-routed-version",
        "x-traffic-revision",
    }
)


class CallReader:
    """Reads the metadata agreed in the wire's table.

    User ids are hashed with `salt`; without one nothing of them is said, since a hash without a
    salt is as good as the id.
    """

    def __init__(self, salt: str | None) -> None:
        self._salt = salt

    def read(
        self,
        method: str,
        metadata: Metadata,
        started_ns: int,
        check_wanted: Callable[[], None] = lambda: None,
        *,
        check_key: bool = False,
    ) -> Call:
        """Describe a call; what is missing, unreadable or too long counts as not said.

        With `check_key` raises InvalidRequestError for an idempotency key that no row can hold as
        it is.
        """
        said: dict[str, str] = {}
        user = None
        for key, value in metadata:
            if key == _USER:
                user = value  # hashed whole, however long
            elif key in _SAID:
                # Not cut: two values that begin alike would become one.
                if isinstance(value, str) and _fits(value):
                    said[key] = value
                elif check_key and key == _KEY:
                    raise InvalidRequestError([_BAD_KEY])
        route = said.get("x-route")
        return Call(
            method=method,
            started_ns=started_ns,
            attempt=_count(said.get("x-attempt")),
            envoy_attempt=_count(said.get("x-envoy-attempt-count")),
            request_id=said.get("x-request-id") or None,
            idempotency_key=said.get(_KEY) or None,
            route=route if route in _ROUTES else None,  # type: ignore[arg-type]  # it is one
            routed_version=said.get("x-routed-version") or None,
            traffic_revision=said.get("x-traffic-revision") or None,
            sticky_key_hash=self._hash(user),
            trace_id=_trace_id(said.get("traceparent")),
            check_wanted=check_wanted,
        )

    def _hash(self, user: str | bytes | None) -> str | None:
        if not user or not self._salt or isinstance(user, bytes):
            return None
        return hash_sticky_key(user, self._salt)


def _fits(value: str) -> bool:
    return len(value) <= _MAX_CHARS and value.isascii() and value.isprintable()


def _count(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit()):
        return 1
    return min(max(int(text), 1), _MAX_COUNT)


def _trace_id(traceparent: str | None) -> str | None:
    if traceparent is None:
        return None
    found = _TRACEPARENT.fullmatch(traceparent)
    return found[1] if found else None
