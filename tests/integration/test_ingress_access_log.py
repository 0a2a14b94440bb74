"""The access log tells of every call, and of probes only those that fail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.ingress import Ingress


def logged(ingress: Ingress) -> list[dict[str, Any]]:
    """Return every line; Envoy writes them once in ten seconds, or when 64 kB are full."""
    ingress.predict(300)
    whole, _, _ = (ingress.home / "envoy.log").read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]


def test_it_tells_version_route_and_attempts(ingress: Ingress) -> None:
    key = "logged-call"
    ingress.predict(metadata=(("x-idempotency-key", key),))
    (line,) = (line for line in logged(ingress) if line["idempotency_key"] == key)
    assert line["route"] == "weight"
    assert line["version"] == line["routed_version"]
    assert line["attempts"] == 1
    assert line["grpc_status"] == "OK"
    assert line["request_id"]


def test_a_probe_has_a_line_only_if_it_fails(ingress: Ingress) -> None:
    for _ in range(3):
        assert ingress.http("/ready")[0] == 200
    too_large = "x" * (17 << 20)
    for path, body, status in (
        ("/ready", too_large, 413),
        ("/ready?from=elsewhere", None, 200),
        ("/readyz", None, 404),
    ):
        assert ingress.http(path, body)[0] == status
    seen = [(line["path"], line["status"]) for line in logged(ingress)]
    probes = sorted(one for one in seen if str(one[0]).startswith("/ready"))
    assert probes == [("/ready", 413), ("/ready?from=elsewhere", 200), ("/readyz", 404)]


def test_what_cannot_be_read_has_a_line(ingress: Ingress) -> None:
    assert ingress.http("/ready", headers={"no_underscores": "please"})[0] == 400
    assert (None, 400) in [(line["path"], line["status"]) for line in logged(ingress)]
