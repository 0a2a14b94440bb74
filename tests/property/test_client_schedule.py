"""The retry schedule under a clock of the test's own: no sleeping, any number of failures."""

from __future__ import annotations

import random

import grpc
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge import Retry
from weighbridge._call import Call
from weighbridge._settings import CallSettings
from weighbridge._status import Failure

SECONDS = st.floats(min_value=0.001, max_value=100.0)
RETRIES = st.builds(
    Retry,
    max_attempts=st.integers(1, 20),
    initial_s=st.floats(0.0, 10.0),
    multiplier=st.floats(1.0, 10.0),
    cap_s=st.floats(0.0, 10.0),
    jitter=st.booleans(),
    attempt_timeout_s=st.none() | SECONDS,
)
FAILURES = st.builds(
    Failure,
    code=st.sampled_from(grpc.StatusCode),
    retry_after_s=st.none() | st.floats(0.0, 5.0),
)


@settings(deadline=None)
@given(RETRIES, st.integers(1, 10_000), st.randoms(use_true_random=False))
def test_wait_stays_within_its_bounds(retry: Retry, failures: int, rng: random.Random) -> None:
    bound_s = retry.bound_s(failures)
    assert bound_s / 2 <= retry.wait_s(failures, rng) <= bound_s <= retry.cap_s
    assert retry.bound_s(failures) <= retry.bound_s(failures + 1)


@settings(deadline=None)
@given(
    RETRIES,
    st.none() | SECONDS,
    st.lists(st.tuples(FAILURES, st.floats(0.0, 1.0)), min_size=20, max_size=20),
    st.integers(),
)
def test_attempts_keep_within_the_call(
    retry: Retry, timeout_s: float | None, script: list[tuple[Failure, float]], seed: int
) -> None:
    started_s = now_s = 1000.0
    call = Call(
        CallSettings(timeout_s=timeout_s, retry=retry),
        idempotency_key=None,
        rng=random.Random(seed),
        now_s=started_s,
    )
    keys = set()
    for number, (failure, share) in enumerate(script, start=1):
        attempt = call.begin(now_s)
        sent = dict(attempt.metadata)
        keys.add(sent["x-idempotency-key"])
        assert sent["x-attempt"] == str(number)
        assert number <= retry.max_attempts
        if timeout_s is not None:
            assert attempt.timeout_s is not None
            assert now_s + attempt.timeout_s <= started_s + timeout_s + 1e-6
        if retry.attempt_timeout_s is not None:
            assert attempt.timeout_s is not None
            assert attempt.timeout_s <= retry.attempt_timeout_s
        now_s += share * (1.0 if attempt.timeout_s is None else attempt.timeout_s)
        wait_s = call.wait_s(failure, now_s)
        if wait_s is None:
            break
        assert wait_s >= (failure.retry_after_s or 0.0)
        now_s += wait_s
        assert not call.expired(now_s)
    assert len(keys) == 1


@settings(deadline=None)
@given(st.integers())
def test_the_defaults_outlast_a_second_and_a_half_without_a_server(seed: int) -> None:
    call = Call(CallSettings(), idempotency_key=None, rng=random.Random(seed), now_s=0.0)
    now_s, failure = 0.0, Failure(code=grpc.StatusCode.UNAVAILABLE)
    call.begin(now_s)
    while (wait_s := call.wait_s(failure, now_s)) is not None:
        now_s += wait_s
        call.begin(now_s)
    assert now_s >= 1.5 - 1e-9
    assert now_s <= 3.0 + 1e-9


@settings(deadline=None)
@given(st.sampled_from(grpc.StatusCode), st.none() | st.floats(0.0, 1.0))
def test_only_listed_codes_are_repeated(code: grpc.StatusCode, retry_after_s: float | None) -> None:
    call = Call(CallSettings(), idempotency_key=None, rng=random.Random(1), now_s=0.0)
    call.begin(0.0)
    repeated = call.wait_s(Failure(code=code, retry_after_s=retry_after_s), 0.0) is not None
    assert repeated == (
        code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
        or (code is grpc.StatusCode.RESOURCE_EXHAUSTED and retry_after_s is not None)
    )
