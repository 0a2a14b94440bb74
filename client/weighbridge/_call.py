"""One call and its attempts: when each may start, what it carries, whether another follows.

Pure: the clock's readings come in and waits go out, so that a shell only sleeps and sends.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grpc import StatusCode

from weighbridge._results import Answer
from weighbridge._settings import CallSettings, check_key

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from weighbridge._status import Failure, Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How one attempt is sent."""

    timeout_s: float | None
    metadata: tuple[tuple[str, str], ...]
    wait_for_ready: bool


class Call:
    """One logical call: its idempotency key and its deadline outlast every attempt."""

    def __init__(
        self,
        settings: CallSettings,
        *,
        idempotency_key: str | None,
        rng: random.Random,
        now_s: float,
    ) -> None:
        check_key(idempotency_key)
        self.attempts = 0
        self._settings = settings
        self._rng = rng
        self._key = idempotency_key or str(uuid.uuid4())
        self._deadline_s = None if settings.timeout_s is None else now_s + settings.timeout_s
        self._cut_short = False

    def begin(self, now_s: float, token: str | None = None) -> Attempt:
        """Start the next attempt; its timeout never outlives the call's."""
        self.attempts += 1
        limit_s = self._settings.retry.attempt_timeout_s
        left_s = None if self._deadline_s is None else max(0.0, self._deadline_s - now_s)
        self._cut_short = limit_s is not None and (left_s is None or limit_s < left_s)
        timeout_s = limit_s if self._cut_short else left_s
        return Attempt(
            timeout_s=timeout_s,
            metadata=tuple(self._metadata(token)),
            # Waiting for a connection is safe, as nothing was sent yet, but must end some time.
            wait_for_ready=timeout_s is not None,
        )

    def wait_s(self, failure: Failure, now_s: float) -> float | None:
        """Tell how long to wait before the next attempt; None where there is to be none."""
        retry = self._settings.retry
        if self.attempts >= retry.max_attempts or not self._may_repeat(failure):
            return None
        # Jitter comes on top of the server's word: all its callers were told the same moment.
        wait_s = (failure.retry_after_s or 0.0) + retry.wait_s(self.attempts, self._rng)
        return None if self.expired(now_s + wait_s) else wait_s

    def expired(self, now_s: float) -> bool:
        """Whether the call's time is up."""
        return self._deadline_s is not None and now_s >= self._deadline_s

    def answer(self, initial: Metadata, trailing: Metadata) -> Answer:
        """Read what the far side says of itself; a refusal without a body says it in trailers."""
        said = {**dict(trailing), **dict(initial)}
        return Answer(
            routed_version=_text(said.get("x-routed-version")),
            served_version=_text(said.get("x-served-by-version")),
            traffic_revision=_text(said.get("x-traffic-revision")),
            request_id=_text(said.get("x-request-id")),
            attempts=self.attempts,
        )

    def _may_repeat(self, failure: Failure) -> bool:
        retry = self._settings.retry
        if failure.code is StatusCode.DEADLINE_EXCEEDED and self._cut_short:
            return True
        if failure.code in retry.hinted_codes:
            return failure.retry_after_s is not None
        return failure.code in retry.codes

    def _metadata(self, token: str | None) -> Iterable[tuple[str, str]]:
        yield "x-idempotency-key", self._key
        yield "x-attempt", str(self.attempts)
        if self._settings.user_id is not None:
            yield "x-user-id", self._settings.user_id
        if self._settings.pin is not None:
            yield "x-model-version", self._settings.pin
        if token is not None:
            yield "authorization", f"Bearer {token}"


def _text(value: str | bytes | None) -> str | None:
    return value if isinstance(value, str) and value else None
