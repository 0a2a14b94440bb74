"""Pins need a credential, and nothing a caller sends is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode

from weighbridge_ingress.tokens import create_signing_key, issue_token

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ingress import Ingress

Metadata = tuple[tuple[str, str], ...]


def token(ingress: Ingress, ttl_s: float = 60, scope: str = "pin-version") -> tuple[str, str]:
    return "authorization", f"Bearer {issue_token(ingress.key_file, 'ada', ttl_s, scope)}"


def pin(version: str) -> tuple[str, str]:
    return "x-model-version", version


@pytest.mark.parametrize("version", ["v6", "v7"])
@pytest.mark.parametrize("scope", ["pin-version", "openid pin-version email"])
def test_a_pin_with_its_scope_reaches_its_version(
    version: str, scope: str, ingress: Ingress
) -> None:
    for answer in ingress.predict(5, metadata=(pin(version), token(ingress, scope=scope))):
        assert answer.code is StatusCode.OK
        assert answer.version == version
        assert answer.received["x-route"] == "pin"
        assert answer.received["x-routed-version"] == version
        assert "authorization" not in answer.received


def test_a_pin_without_a_good_credential_is_refused(ingress: Ingress, tmp_path: Path) -> None:
    stranger = issue_token(create_signing_key(tmp_path), "eve", 60)
    cases: list[tuple[Metadata, StatusCode]] = [
        ((), StatusCode.UNAUTHENTICATED),
        ((token(ingress, ttl_s=-60),), StatusCode.UNAUTHENTICATED),
        ((("authorization", f"Bearer {stranger}"),), StatusCode.UNAUTHENTICATED),
        ((token(ingress, scope="openid"),), StatusCode.PERMISSION_DENIED),
        ((token(ingress, scope="pin-versions"),), StatusCode.PERMISSION_DENIED),
        ((token(ingress, scope=""),), StatusCode.PERMISSION_DENIED),
    ]
    for metadata, code in cases:
        for asked in ((pin("v7"),), (pin("v6"), pin("v7")), (pin("v99"), pin("v7"))):
            assert ingress.predict(metadata=(*asked, *metadata))[0].code is code


@pytest.mark.parametrize("version", ["v99", "V7", "", "v6,v7", "v70", "experiment"])
def test_an_unknown_version_is_named_with_the_known_ones(version: str, ingress: Ingress) -> None:
    for metadata in ((pin(version),), (pin(version), token(ingress))):
        answer = ingress.predict(metadata=metadata)[0]
        assert answer.code is StatusCode.INVALID_ARGUMENT
        assert "v6, v7" in answer.message


def test_json_needs_the_credential_as_grpc_does(ingress: Ingress) -> None:
    body = {"shipment": {"asset_id": "Truck_1"}}
    path = "/v1/delay:predict"
    assert ingress.http(path, body, dict([pin("v7")]))[0] == 401
    assert ingress.http(path, body, dict([pin("v99")]))[0] == 400
    in_query = f"{path}?access_token={token(ingress)[1].removeprefix('Bearer ')}"
    assert ingress.http(in_query, body, dict([pin("v7")]))[0] == 400  # no such field
    status, headers, _ = ingress.http(path, body, dict([pin("v7"), token(ingress)]))
    assert (status, headers["x-served-by-version"]) == (200, "v7")


def test_forged_headers_are_overwritten(ingress: Ingress) -> None:
    ingress.set_traffic("0")
    forged = {
        "x-route": "pin",
        "x-routed-version": "v7",
        "x-traffic-revision": "forged",
        "x-envoy-attempt-count": "7",
        "x-request-id": "forged",
    }
    answer = ingress.predict(metadata=(*forged.items(), ("x-routed-version", "v9")))[0]
    assert answer.received["x-route"] == "weight"
    assert answer.received["x-routed-version"] == "v6"
    assert answer.received["x-traffic-revision"] == answer.returned["x-traffic-revision"]
    assert answer.received["x-traffic-revision"] != "forged"
    assert answer.received["x-envoy-attempt-count"] == "1"
    assert answer.received["x-request-id"] == answer.returned["x-request-id"] != "forged"


def test_what_names_a_call_passes_through(ingress: Ingress) -> None:
    sent = {"x-idempotency-key": "k-1", "x-attempt": "2", "x-user-id": "ada"}
    answer = ingress.predict(metadata=tuple(sent.items()))[0]
    assert sent.items() <= answer.received.items()


def test_an_error_tells_who_served_it(ingress: Ingress) -> None:
    ingress.set_traffic("100")
    answer = ingress.predict(asset_id="refused")[0]
    assert answer.code is StatusCode.INVALID_ARGUMENT
    assert answer.returned["x-served-by-version"] == "v7"
    assert answer.returned["x-request-id"]
    assert answer.returned["x-traffic-revision"]
