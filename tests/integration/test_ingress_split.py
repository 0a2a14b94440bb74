"""Who gets which version: counted on answers of real servers behind a real Envoy."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from logistics.delay.v1 import delay_service_pb2 as pb
from logistics.delay.v1.delay_service_pb2_grpc import DelayServiceStub
from tests.counting import assert_share, eventually
from weighbridge_ingress.tokens import issue_token

if TYPE_CHECKING:
    from tests.ingress import Echoed, Ingress


def versions(answers: list[Echoed]) -> Counter[str | None]:
    return Counter(answer.version for answer in answers)


def test_ten_percent_are_ten_percent(ingress: Ingress) -> None:
    ingress.set_traffic("10")
    counted = versions(ingress.predict(3000))
    assert set(counted) == {"v6", "v7"}
    assert_share(counted["v7"], 3000, 0.10)


def test_a_commit_moves_the_split_and_the_revision(ingress: Ingress) -> None:
    for percent, share in (("0", 0.0), ("100", 1.0), ("33.3", 0.333)):
        ingress.set_traffic(percent)
        answers = ingress.predict(600)
        assert_share(versions(answers)["v7"], 600, share)
        running = ingress.report().running
        assert running
        assert running.weights == {"v6": 1000 - round(share * 1000), "v7": round(share * 1000)}
        assert {answer.returned["x-traffic-revision"] for answer in answers} == {running.revision}
        assert {answer.received["x-traffic-revision"] for answer in answers} == {running.revision}


def test_users_on_the_canary_stay_there_while_it_grows(ingress: Ingress) -> None:
    users = [f"user-{number}" for number in range(300)]
    before: set[str] = set()
    for percent, share in (("10", 0.10), ("25", 0.25), ("50", 0.50)):
        ingress.set_traffic(percent)
        first, second = ingress.predict(users=users), ingress.predict(users=users)
        assert [a.version for a in first] == [a.version for a in second]
        on_canary = {user for user, a in zip(users, first, strict=True) if a.version == "v7"}
        assert before <= on_canary
        assert_share(len(on_canary), len(users), share)
        before = on_canary


def test_the_agent_counts_weighted_predictions_and_nothing_else(ingress: Ingress) -> None:
    ingress.set_traffic("41")
    ingress.set_traffic("40")
    counted = versions(ingress.predict(200))
    pin = ("x-model-version", "v7"), bearer(ingress)
    assert versions(ingress.predict(20, metadata=pin)) == {"v7": 20}
    with grpc.insecure_channel(ingress.target) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)  # its types name no method
        stub = DelayServiceStub(channel)
        for _ in range(10):
            health.Check(health_pb2.HealthCheckRequest(service=""), timeout=5)
            stub.GetModel(pb.GetModelRequest(), timeout=5)  # no prediction: it becomes no row
        counted[_version(stub.PredictBatch(pb.PredictBatchRequest(), timeout=5))] += 1
    _, headers, _ = ingress.http("/v1/delay:predict", {"shipment": {"asset_id": "a"}})
    counted[headers["x-served-by-version"]] += 1
    assert ingress.http("/v1/model")[0] == 200

    def check() -> None:
        calls = ingress.report().calls
        assert calls
        assert calls.routed == {"v6": counted["v6"], "v7": counted["v7"]}

    eventually(check, within_s=5)


def _version(answer: pb.PredictBatchResponse) -> str:
    return f"v{answer.model.version}"


def test_counting_starts_anew_with_each_state(ingress: Ingress) -> None:
    ingress.set_traffic("20")
    ingress.predict(10)
    ingress.set_traffic("21")
    calls = ingress.report().calls
    assert calls
    assert sum(calls.routed.values()) == 0


def test_a_shadow_gets_copies_and_no_caller_notices(ingress: Ingress) -> None:
    ingress.set_traffic("0", shadow="50")
    before = ingress.counter("cluster.serving-api-v7.upstream_rq_total")
    assert versions(ingress.predict(400)) == {"v6": 400}
    shadowed = ingress.counter("cluster.serving-api-v7.upstream_rq_total") - before
    assert_share(shadowed, 400, 0.5)
    running = ingress.report().running
    assert running
    assert running.shadow_permille == 500


def bearer(ingress: Ingress) -> tuple[str, str]:
    return "authorization", f"Bearer {issue_token(ingress.key_file, 'ada', 60)}"
