"""A tester with a token asks one version; nobody else can."""

from pathlib import Path

import grpc
import pytest

from tests.counting import eventually
from tests.e2e.test_log import logged_calls
from tests.fix_stack import Stack
from weighbridge import CallError, Client, InvalidArgument, PermissionDenied, Unauthenticated
from weighbridge_ingress.tokens import issue_token

Rows = list[dict[str, object]]


@pytest.fixture
def token(stack: Stack) -> str:
    done = stack.weighbridge("token", "create", "--for", "tester", "--ttl", "8h")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("version", ["v6", "v7"])
def test_a_pinned_call_is_served_by_its_version_whatever_the_split(
    stack: Stack, rows: Rows, target: str, token: str, version: str
) -> None:
    stack.rollout("set", "100" if version == "v6" else "0")
    with Client(target) as client:
        pinned = client.pinned(version, token=token)
        answers = [pinned.predict(row) for row in rows[:30]]
    assert {answer.served_version for answer in answers} == {version}

    def is_logged_as_a_pin() -> None:
        logged = logged_calls(stack, [answer.prediction_id for answer in answers])
        assert [(row["route"], row["routed_version"]) for row in logged] == [("pin", version)] * 30

    eventually(is_logged_as_a_pin, within_s=10)


def test_a_pin_without_the_right_token_is_refused(stack: Stack, rows: Rows, target: str) -> None:
    key = Path(stack.environment["WEIGHBRIDGE_PIN_KEY"])
    tokens: dict[str, type[CallError]] = {
        "no token at all": Unauthenticated,
        issue_token(key, "late", ttl_s=-60): Unauthenticated,
        issue_token(key, "other", ttl_s=60, scope="read"): PermissionDenied,
    }
    with Client(target) as client:
        for token, error in tokens.items():
            with pytest.raises(error):
                client.pinned("v7", token=token).predict(rows[0])


def test_an_unknown_version_is_refused_with_the_known_ones(
    stack: Stack, rows: Rows, target: str, token: str
) -> None:
    with Client(target) as client, pytest.raises(InvalidArgument) as refusal:
        client.pinned("v99", token=token).predict(rows[0])
    assert "v6" in refusal.value.details
    assert "v7" in refusal.value.details


def test_an_error_of_the_server_names_the_version_and_the_fields(
    stack: Stack, rows: Rows, target: str
) -> None:
    with Client(target) as client, pytest.raises(InvalidArgument) as refusal:
        client.predict({**rows[0], "humidity_percent": 180.0, "waiting_time_minutes": -1.0})
    error = refusal.value
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert {one.field for one in error.violations} == {
        "shipment.humidity_percent",
        "shipment.waiting_time_minutes",
    }
    assert error.served_version in ("v6", "v7")
    assert error.traffic_revision
    assert error.request_id
