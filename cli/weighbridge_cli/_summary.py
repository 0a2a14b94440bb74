"""Sum up a replay: shares, latencies, errors."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge_cli._output import Output, console, percent, plain_table, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge_cli._replay import Outcome

_PERCENTILES = (50, 90, 99)


@dataclass(frozen=True, slots=True)
class VersionShare:
    """How many of the answered calls one version answered, with the exact 95 % interval."""

    version: str
    calls: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CodeCount:
    """How many calls failed with one code, and what the first of them said."""

    code: str
    calls: int
    first_error: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A replay in numbers."""

    calls: int
    answered: int
    failed: int
    duration_s: float
    shares: tuple[VersionShare, ...]
    latency_ms: dict[str, float]
    """p50, p90, p99 and max of the answered calls; empty if none was."""
    errors: tuple[CodeCount, ...]
    repeated: int
    """Calls that took more than one attempt of the client."""
    fallen_back: int
    """Answered calls that another version answered than the one they were routed to."""
    traffic_revisions: tuple[str, ...]
    """The states of the traffic file that routed the calls, in order of first use."""
    results: str
    """The file with one line for each call."""


def summarise(outcomes: Sequence[Outcome], duration_s: float, results: str) -> Summary:
    """Count the outcomes, which are in the order of the rows."""
    answered = [outcome for outcome in outcomes if outcome.prediction is not None]
    failed = [outcome for outcome in outcomes if outcome.prediction is None]
    revisions = (outcome.traffic_revision for outcome in outcomes)
    return Summary(
        calls=len(outcomes),
        answered=len(answered),
        failed=len(failed),
        duration_s=duration_s,
        shares=_shares(answered),
        latency_ms=_latencies([outcome.latency_ms for outcome in answered]),
        errors=_errors(failed),
        repeated=sum(outcome.attempts > 1 for outcome in outcomes),
        fallen_back=sum(
            outcome.prediction is not None and outcome.prediction.fell_back for outcome in outcomes
        ),
        traffic_revisions=tuple(dict.fromkeys(name for name in revisions if name)),
        results=results,
    )


def show_summary(summary: Summary, output: Output) -> None:
    """Print it."""
    if output is Output.JSON:
        print_json(summary)
        return
    out = console()
    per_second = summary.calls / summary.duration_s
    out.print(
        f"{summary.calls:,} calls in {summary.duration_s:.1f} s ({per_second:,.0f} a second): "
        f"{summary.answered:,} answered, {summary.failed:,} failed, "
        f"{summary.repeated:,} repeated by the client, "
        f"{summary.fallen_back:,} fell back to the other version"
    )
    if summary.shares:
        table = plain_table("version", "calls", "share", "95 % interval")
        for share in summary.shares:
            interval = f"{percent(share.low)} to {percent(share.high)}"
            table.add_row(share.version, f"{share.calls:,}", percent(share.share), interval)
        out.print(table)
        latencies = "  ".join(f"{name} {ms:.1f}" for name, ms in summary.latency_ms.items())
        out.print(f"latency ms  {latencies}")
    for error in summary.errors:
        out.print(f"{error.code}: {error.calls:,} calls; the first: {error.first_error}")
    out.print(f"traffic state {', '.join(summary.traffic_revisions) or 'not said'}")
    out.print(f"one line for each call in {summary.results}")


def _shares(answered: Sequence[Outcome]) -> tuple[VersionShare, ...]:
    from weighbridge_rollout import binomial_interval

    counts = Counter(outcome.served_version or "unknown" for outcome in answered)
    total = len(answered)
    return tuple(
        VersionShare(version, count, count / total, *binomial_interval(count, total))
        for version, count in sorted(counts.items())
    )


def _latencies(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    values.sort()
    # Nearest rank: a latency that a call really had, never one between two.
    ranks = {f"p{p}": math.ceil(len(values) * p / 100) - 1 for p in _PERCENTILES}
    return {**{name: values[rank] for name, rank in ranks.items()}, "max": values[-1]}


def _errors(failed: Sequence[Outcome]) -> tuple[CodeCount, ...]:
    counts = Counter(outcome.code for outcome in failed)
    first = {outcome.code: outcome.error or "" for outcome in reversed(failed)}
    return tuple(CodeCount(code, count, first[code]) for code, count in counts.most_common())
