"""What is no call is answered by Envoy and takes no server from the others."""

from __future__ import annotations

import http.client
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pytest
from grpc import StatusCode

from tests.ingress import keep_calling

if TYPE_CHECKING:
    from tests.ingress import Ingress

PREDICT = "/logistics.delay.v1.DelayService/Predict"
GRPC, JSON = "application/grpc", "application/json"
EJECTIONS = r"cluster\.serving-api-v[67]\.outlier_detection\.ejections_enforced_total"
REACHED = r"cluster\.serving-api-v[67]\.upstream_rq_total"


class Wrong(NamedTuple):
    """One request that is no call, and the answer it shall have."""

    method: str
    path: str
    content_type: str | None
    status: int
    grpc_status: str | None = None


WRONG = [
    Wrong("GET", "/v1/delay:predict", None, 405),
    Wrong("PUT", "/v1/delay:predictBatch", JSON, 405),
    Wrong("POST", "/v1/model", JSON, 405),
    Wrong("DELETE", "/v1/model", None, 405),
    Wrong("OPTIONS", "/v1/delay:predict", None, 405),
    Wrong("POST", "/v1/outcomes", JSON, 404),
    Wrong("POST", "/v1/delay:predict?nothing=1", JSON, 400),
    Wrong("POST", "/v1/delay:predict", GRPC, 200, "3"),
    Wrong("GET", PREDICT, None, 405),
    Wrong("GET", PREDICT, GRPC, 200, "12"),
    Wrong("POST", PREDICT, "text/plain", 415),
    Wrong("POST", PREDICT, JSON, 415),
    Wrong("POST", PREDICT, None, 415),
    Wrong("POST", PREDICT, "application/grpcx", 415),
    Wrong("POST", PREDICT, "application/grpc-web+json", 415),
    Wrong("POST", "/logistics.delay.v1.DelayService/Invented", GRPC, 200, "12"),
    Wrong("POST", "/grpc.health.v1.Health/Check", "text/plain", 404),
]
# A server alone can tell that these are none; it resets the call or ends it with INTERNAL.
GARBAGE = [b"garbage", b"\xff\xff\xff\xff\xff", b"\0\0\0\0\4\xff\xff\xff\xff", b""]


def ask(
    ingress: Ingress,
    method: str,
    path: str,
    content_type: str | None,
    *,
    body: bytes = b"{}",
    headers: tuple[tuple[str, str], ...] = (),
) -> http.client.HTTPResponse:
    sent = {**({"content-type": content_type} if content_type else {}), **dict(headers)}
    with closing(http.client.HTTPConnection(ingress.target, timeout=20)) as connection:
        connection.request(method, path, body if method in {"POST", "PUT"} else None, sent)
        answer = connection.getresponse()
        answer.read()
        return answer


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_call_is_refused_by_envoy(wrong: Wrong, ingress: Ingress) -> None:
    answer = ask(ingress, wrong.method, wrong.path, wrong.content_type)
    assert answer.status == wrong.status
    if wrong.grpc_status:
        assert answer.headers["grpc-status"] == wrong.grpc_status
    assert answer.headers["x-served-by-version"] is None
    if wrong.status == 405 and wrong.content_type != GRPC:
        assert answer.headers["allow"] == ("GET" if wrong.path == "/v1/model" else "POST")


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_call_reaches_no_server_pinned_or_from_a_page(
    wrong: Wrong, ingress: Ingress
) -> None:
    before = ingress.counter(REACHED)
    for extra in (("x-model-version", "v7"), ("origin", "http://evil.example")):
        answer = ask(ingress, wrong.method, wrong.path, wrong.content_type, headers=(extra,))
        assert 400 <= answer.status < 500 or int(answer.headers["grpc-status"]) in {3, 12}
        assert answer.headers["x-served-by-version"] is None
    assert ingress.counter(REACHED) == before


def test_a_page_that_asks_for_an_invented_method_makes_no_counter(ingress: Ingress) -> None:
    page = (("origin", "http://evil.example"),)
    ask(ingress, "OPTIONS", "/fancied.Service/Predict", GRPC, headers=page)
    assert not ingress.counter(".*fancied.*")
    assert "fancied" not in str(ingress.admin_get("/stats?format=json&filter=fancied"))


def flood(ingress: Ingress, rounds: int) -> int:
    """Send every wrong request so many times; return how many were sent."""
    for _ in range(rounds):
        for wrong in WRONG:
            ask(ingress, wrong.method, wrong.path, wrong.content_type)
        for body in GARBAGE:
            assert ask(ingress, "POST", PREDICT, GRPC, body=body).headers["grpc-status"] != "0"
    return rounds * (len(WRONG) + len(GARBAGE))


def test_a_flood_of_wrong_requests_fails_no_good_call(own_ingress: Ingress) -> None:
    own_ingress.start("v6", "v7", "agent", "envoy")
    own_ingress.set_traffic("50")
    own_ingress.wait_until_healthy()
    with ThreadPoolExecutor(4) as floods:
        sent = [floods.submit(flood, own_ingress, 5) for _ in range(3)]
        answers = keep_calling(own_ingress, seconds=5, rate=100)
        assert sum(future.result() for future in sent) > 300
    failed = [answer for answer in answers if answer.code is not StatusCode.OK]
    assert (len(answers), failed) == (500, [])
    assert {answer.returned["x-routed-version"] for answer in answers} == {"v6", "v7"}
    for answer in answers:  # nobody fell back
        assert answer.returned["x-served-by-version"] == answer.returned["x-routed-version"]
    assert own_ingress.counter(EJECTIONS) == 0


def test_a_call_that_nobody_served_names_no_server(own_ingress: Ingress) -> None:
    own_ingress.start("agent", "envoy")
    own_ingress.set_traffic("10")
    (answer,) = own_ingress.predict()
    assert answer.code is StatusCode.UNAVAILABLE
    assert answer.returned["x-routed-version"] in {"v6", "v7"}
    assert "x-served-by-version" not in answer.returned
