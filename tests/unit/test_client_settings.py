from __future__ import annotations

import dataclasses
import math
import random
from typing import Any

import grpc
import pytest

from weighbridge import UNSET, Client, Retry, SettingsError


def test_waits_grow_to_the_cap() -> None:
    retry = Retry(initial_s=0.1, multiplier=3.0, cap_s=1.0, jitter=False)
    waits = [retry.wait_s(failures, random.Random(1)) for failures in (1, 2, 3, 4, 5000)]
    assert waits == pytest.approx([0.1, 0.3, 0.9, 1.0, 1.0])


def test_jitter_comes_from_the_given_generator_only() -> None:
    retry = Retry()
    first = [retry.wait_s(failures, random.Random(7)) for failures in range(1, 9)]
    random.seed(3)
    assert first == [retry.wait_s(failures, random.Random(7)) for failures in range(1, 9)]


def test_retry_is_a_value() -> None:
    assert Retry(codes={grpc.StatusCode.ABORTED}) == Retry(codes={grpc.StatusCode.ABORTED})
    assert hash(Retry()) == hash(Retry())
    with pytest.raises(dataclasses.FrozenInstanceError):
        Retry().max_attempts = 9  # type: ignore[misc]  # what is tested


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_attempts", 0),
        ("max_attempts", 1.5),
        ("max_attempts", True),
        ("initial_s", -0.1),
        ("initial_s", math.nan),
        ("multiplier", 0.5),
        ("cap_s", math.inf),
        ("attempt_timeout_s", 0),
        ("codes", {"UNAVAILABLE"}),
        ("hinted_codes", {14}),
    ],
)
def test_retry_refuses_what_cannot_work(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=name):
        dataclasses.replace(Retry(), **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout_s", 0),
        ("timeout_s", -1.0),
        ("timeout_s", math.nan),
        ("timeout_s", "10"),
        ("retry", None),
        ("user_id", ""),
        ("user_id", "Zoë"),
        ("user_id", "a\nb"),
        ("pin", " v7"),
        ("token", ""),
    ],
)
def test_client_refuses_what_cannot_work(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name):
        Client("127.0.0.1:8080", **{name: value})  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize(
    "target", ["", "localhost", "http://localhost:8080", "https://x:1", "a b:80", ":80", "x:", None]
)
def test_target_without_host_and_port_is_refused(target: str) -> None:
    with pytest.raises(SettingsError, match="host:port"):
        Client(target)


@pytest.mark.parametrize(
    "target",
    ["localhost:8080", "[::1]:8080", "dns:///ingress:8080", "ipv4:127.0.0.1:1,127.0.0.1:2"],
)
def test_target_forms(target: str) -> None:
    Client(target).close()


def test_secret_is_not_shown() -> None:
    with pytest.raises(SettingsError) as refused:
        Client("127.0.0.1:8080", token="sécret")
    assert "cret" not in str(refused.value)


def test_unset_shows_its_name() -> None:
    assert repr(UNSET) == "UNSET"
