"""What is known of a call besides its question."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Route = Literal["weight", "pin", "shadow"]


def _always_wanted() -> None:
    """Let every call go on."""


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt of a call: who asked, how it was routed, when it arrived (perf_counter_ns).

    `check_wanted` raises when nobody waits for the answer any more: for what comes before
    something long.
    """

    method: str
    started_ns: int
    attempt: int = 1
    envoy_attempt: int = 1
    request_id: str | None = None
    idempotency_key: str | None = None
    route: Route | None = None
    routed_version: str | None = None
    traffic_revision: str | None = None
    sticky_key_hash: str | None = None
    trace_id: str | None = None
    check_wanted: Callable[[], None] = field(default=_always_wanted, compare=False, repr=False)
