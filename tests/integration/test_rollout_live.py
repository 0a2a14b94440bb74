"""Commits that real agents confirm or refuse, beside a real Envoy."""

from collections.abc import Iterator

import pytest

import weighbridge_rollout as rollout
from tests.counting import assert_share, eventually
from tests.ingress import FOLDER, Ingress
from tests.traffic_commits import traffic_file

NOWHERE = "http://127.0.0.1:1"  # nothing listens there


@pytest.fixture
def environment(ingress: Ingress) -> Iterator[rollout.Environment]:
    """The running ingress at 10 %, and put back there at the end."""
    ingress.set_traffic("10")
    agent = f"http://127.0.0.1:{ingress.ports['report']}"
    yield rollout.Environment("local", str(ingress.home / "traffic.git"), "main", FOLDER, (agent,))
    ingress.set_traffic("10")


def test_set_returns_when_envoy_runs_it(ingress: Ingress, environment: rollout.Environment) -> None:
    change = rollout.set_percent(environment, 100)

    assert change.confirmed_by == environment.agents
    assert change.live_s is not None
    assert 0 < change.live_s < 10
    assert {answer.version for answer in ingress.predict(20)} == {"v7"}

    rollout.undo(environment)

    assert "v6" in {answer.version for answer in ingress.predict(50)}


def test_the_three_views_agree(ingress: Ingress, environment: rollout.Environment) -> None:
    rollout.set_percent(environment, 40)
    ingress.predict(200)

    def counted_all() -> None:
        found = rollout.status(environment)
        assert found.counted
        assert found.counted.calls == 200

    eventually(counted_all, within_s=10)
    found = rollout.status(environment)
    assert found.agree, found.differences
    assert found.counted
    assert found.counted.fits
    assert_share(found.counted.canary_calls, 200, 0.4)
    assert found.counted.low < found.counted.share < found.counted.high
    assert found.git.commit.subject == "Give v7 40 % of calls (was 10 %)"


def test_a_share_that_chance_does_not_explain_is_doubted(
    ingress: Ingress, environment: rollout.Environment
) -> None:
    rollout.set_percent(environment, 50)
    ingress.predict(users=["the same caller"] * 60)

    def doubted() -> None:
        found = rollout.status(environment)
        assert found.agree, found.differences
        assert found.counted
        assert found.counted.share in (0, 1)
        assert not found.counted.fits

    eventually(doubted, within_s=10)


def test_a_broken_commit_is_shown_and_undone(
    ingress: Ingress, environment: rollout.Environment
) -> None:
    commit = ingress.commits.commit(traffic_file("fifty"))

    def refused() -> None:
        said = " ".join(rollout.status(environment).differences)
        assert commit[:10] in said
        assert "canary-percent" in said

    eventually(refused, within_s=10)
    running = rollout.status(environment).agents[0].report
    assert running is not None
    assert running.running is not None
    assert running.running.weights == {"v6": 900, "v7": 100}, "calls go on as before"

    change = rollout.undo(environment)

    assert change.before is None
    assert change.after.canary_permille == 100
    assert rollout.status(environment).agree


def test_a_version_that_no_envoy_has_is_neither_set_nor_gone_back_to(
    ingress: Ingress, environment: rollout.Environment
) -> None:
    # Well formed, so that only an agent, which knows Envoy's clusters, can refuse it.
    ingress.commits.commit(traffic_file("10").replace("canary: v7", "canary: v9"))

    with pytest.raises(rollout.InvalidTrafficError, match=r"v9 has no cluster.*known: v6, v7"):
        rollout.set_percent(environment, 30)

    ingress.set_traffic("20")
    change = rollout.undo(environment)
    assert change.after.weights == {"v6": 900, "v7": 100}
    assert change.live_s is not None


def test_an_agent_that_does_not_answer_is_named(environment: rollout.Environment) -> None:
    lame = rollout.Environment(
        "local", environment.repository, "main", FOLDER, (*environment.agents, NOWHERE)
    )

    with pytest.raises(rollout.UnconfirmedError, match=rf"1 of 2 agents.*{NOWHERE} gives no"):
        rollout.set_percent(lame, 60, timeout_s=0.5)

    found = rollout.status(lame)
    assert any(NOWHERE in difference for difference in found.differences)
    assert found.counted is None or found.counted.version == "v7"
    assert rollout.set_percent(environment, 60).commit is None, "it went live all the same"
