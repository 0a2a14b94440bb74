"""The settings of a client and of one call, as values that cannot hold what cannot work."""

from __future__ import annotations

import math
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from grpc import StatusCode

from weighbridge._errors import SettingsError

if TYPE_CHECKING:
    import random

Token: TypeAlias = str | Callable[[], str]
"""A bearer token, or what is asked for a fresh one before every attempt."""


class Unset(Enum):
    """The type of UNSET, for those who wrap the client."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return self.name


# The server's own limit; a longer key could not name the call in its log.
KEY_CHARACTERS: Final = 128

# Leaving an option out takes the client's; None is a value of its own (no limit, no user).
UNSET: Final = Unset.UNSET


def check_timeout(name: str, value: float | None) -> None:
    """Refuse what is neither None (no limit) nor a finite number of seconds above 0."""
    if value is not None and not (_is_number(value) and value > 0):
        raise SettingsError(f"{name}: give seconds above 0, or None for no limit, not {value!r}")


def check_key(value: str | None) -> None:
    """Refuse an idempotency key that the server would refuse, or that gRPC cannot carry."""
    check_header("idempotency_key", value)
    if value is not None and len(value) > KEY_CHARACTERS:
        raise SettingsError(f"idempotency_key: give at most {KEY_CHARACTERS} characters")


def check_header(name: str, value: str | None) -> None:
    """Refuse what gRPC metadata cannot carry; the value itself is kept out of the message."""
    if value is None:
        return
    if not isinstance(value, str) or not value or value != value.strip():
        raise SettingsError(f"{name}: give a text without blanks at its ends, or None")
    if not (value.isascii() and value.isprintable()):
        raise SettingsError(f"{name}: only printable ASCII can be sent; hash or encode it first")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When and how often a failed attempt is repeated within the call's timeout."""

    # All defaults together wait 1.5 to 3 s: a server that comes back in that time loses no call,
    # and half of the 10 s of a call are left for its attempts.
    max_attempts: int = 6
    """Attempts in all, the first included; 1 switches retries off."""

    initial_s: float = 0.1
    """Bound of the wait after the first failure."""

    multiplier: float = 2.0
    """What the bound grows by after each further failure."""

    cap_s: float = 1.5
    """The bound grows no further than this."""

    jitter: bool = True
    """Draw each wait evenly from half its bound to all of it: clients do not return in step."""

    attempt_timeout_s: float | None = None
    """Limit of one attempt; one that runs into it is repeated. None: the time that is left."""

    # gRPC's server cancels, unbegun, what crosses its goodbye on the way; we ourselves cancel none.
    codes: AbstractSet[StatusCode] = frozenset({StatusCode.UNAVAILABLE, StatusCode.CANCELLED})
    """Codes that are repeated."""

    # Too many may pass, too large never does: only the server can tell them apart.
    hinted_codes: AbstractSet[StatusCode] = frozenset({StatusCode.RESOURCE_EXHAUSTED})
    """Codes that are repeated only if the server says when, by google.rpc.RetryInfo."""

    def __post_init__(self) -> None:
        if type(self.max_attempts) is not int or self.max_attempts < 1:
            raise SettingsError(f"max_attempts: give a whole number ≥ 1, not {self.max_attempts!r}")
        for name, least in (("initial_s", 0.0), ("multiplier", 1.0), ("cap_s", 0.0)):
            value = getattr(self, name)
            if not _is_number(value) or value < least:
                raise SettingsError(f"{name}: give a number ≥ {least:g}, not {value!r}")
        check_timeout("attempt_timeout_s", self.attempt_timeout_s)
        for name in ("codes", "hinted_codes"):
            codes = frozenset(getattr(self, name))
            if not all(isinstance(code, StatusCode) for code in codes):
                raise SettingsError(f"{name}: give members of grpc.StatusCode")
            object.__setattr__(self, name, codes)

    def bound_s(self, failures: int) -> float:
        """Tell the longest wait after so many failures, from 1."""
        try:
            return min(self.cap_s, self.initial_s * self.multiplier ** (failures - 1))
        except OverflowError:
            return self.cap_s

    def wait_s(self, failures: int, rng: random.Random) -> float:
        """Draw the wait after so many failures, from 1."""
        bound_s = self.bound_s(failures)
        return rng.uniform(bound_s / 2, bound_s) if self.jitter else bound_s


DEFAULT_RETRY: Final = Retry()
DEFAULT_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettings:
    """What one call goes by; the client's defaults are one too."""

    timeout_s: float | None = DEFAULT_TIMEOUT_S
    retry: Retry = DEFAULT_RETRY
    user_id: str | None = None
    pin: str | None = None
    token: Token | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_timeout("timeout_s", self.timeout_s)
        if not isinstance(self.retry, Retry):
            raise SettingsError("retry: give a Retry; Retry(max_attempts=1) switches retries off")
        check_header("user_id", self.user_id)
        check_header("pin", self.pin)
        if not callable(self.token):
            check_header("token", self.token)

    def overridden(
        self, timeout_s: float | Unset | None, retry: Retry | Unset, user_id: str | Unset | None
    ) -> CallSettings:
        """Return these settings with one call's own put over them."""
        return CallSettings(
            timeout_s=self.timeout_s if isinstance(timeout_s, Unset) else timeout_s,
            retry=self.retry if isinstance(retry, Unset) else retry,
            user_id=self.user_id if isinstance(user_id, Unset) else user_id,
            pin=self.pin,
            token=self.token,
        )


def bearer(token: Token | None) -> str | None:
    """Return the token to send now, asking for it where it is a callable."""
    if not callable(token):
        return token
    fresh = token()
    check_header("token", fresh)
    return fresh
