"""What is known of a call besides its question."""

from dataclasses import dataclass
from typing import Literal

Route = Literal["weight", "pin", "shadow"]


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt of a call: who asked, how it was routed, when it began (perf_counter_ns)."""

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
