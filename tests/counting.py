"""How tests judge counted calls."""

import math
import time
from collections.abc import Callable

# Two-sided normal quantile of 1e-5: a correct split fails a test about once in 100,000 runs.
_Z = 4.42


def binomial_bounds(calls: int, share: float) -> tuple[int, int]:
    """Return the counts between which a split of this share stays, but for 1 run in 100,000."""
    mean, deviation = calls * share, math.sqrt(calls * share * (1 - share))
    return math.floor(mean - _Z * deviation), math.ceil(mean + _Z * deviation)


def assert_share(count: int, calls: int, share: float) -> None:
    """Fail if so many of these calls can't come from a split of this share."""
    low, high = binomial_bounds(calls, share)
    assert low <= count <= high, f"{count} of {calls} calls; {low} to {high} fit a share of {share}"


def eventually(check: Callable[[], object], within_s: float) -> None:
    """Try a check until it passes; its last failure if it does not in time."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            check()
            return
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)  # between two looks at a condition
