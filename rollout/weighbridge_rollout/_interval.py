"""Exact binomial intervals."""

from __future__ import annotations

DISPLAY_CONFIDENCE = 0.95


def binomial_interval(
    successes: int, trials: int, confidence: float = DISPLAY_CONFIDENCE
) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a proportion, both ends 0 to 1.

    Exact, because shares start at 1 % of few calls, where the usual approximations are wrong.
    (0, 1) without trials.
    """
    # Here, not above: half a second that most commands do not need.
    from scipy.special import betaincinv  # type: ignore[import-untyped]  # ships no types

    tail = (1.0 - confidence) / 2.0
    failures = trials - successes
    low = float(betaincinv(successes, failures + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, failures, 1.0 - tail)) if failures else 1.0
    return low, high
