"""States that must not go live: what people see, and that calls go on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.environment import ClusterEnvironment
from tests.counting import assert_share, eventually


def test_what_the_admission_policy_refuses_never_goes_live(kind: ClusterEnvironment) -> None:
    with refused(kind, (r"canary-percent: .*", 'canary-percent: "150"')) as commit:

        def argo_cd_says_why() -> None:
            state = kind.application.status.get("operationState", {})
            assert commit in json.dumps(state)
            resources = state.get("syncResult", {}).get("resources", [])
            messages = [one.get("message", "") for one in resources if one["name"] == "traffic"]
            assert any('canary-percent must be "0" to "100"' in one for one in messages), state

        kind.application.refresh()
        eventually(argo_cd_says_why, within_s=30)
        assert kind.kubectl.data("traffic")["canary-percent"] == "10"

        shown = kind.checkout.tried("rollout", "status", "-e", "kind")
        assert shown.returncode == 1
        assert "canary-percent" in shown.stdout
        counted = kind.send(1_000)
        kind.assert_none_lost(counted, "while a policy refuses Git's newest state")
        assert_share(counted.versions["v7"], 1_000, 0.1)
    kind.application.wait_synced(kind.host.tip())


def test_an_unknown_version_keeps_the_last_good_split(kind: ClusterEnvironment) -> None:
    with refused(kind, (r"canary: v7", "canary: v9")) as commit:

        def agents_refuse() -> None:
            reports = kind.agents().values()
            assert reports
            assert all(report.get("refused") for report in reports)

        kind.application.refresh()
        eventually(agents_refuse, within_s=30)
        assert kind.kubectl.data("traffic")["canary"] == "v9"
        assert all(one == {"v6": 900, "v7": 100} for one in kind.weights())

        shown = kind.checkout.tried("rollout", "status", "-e", "kind")
        assert shown.returncode == 1
        assert "v9" in shown.stdout
        assert commit[:7] in shown.stdout

        assert_a_new_envoy_serves_all_from_stable(kind)

    def all_at_ten_again() -> None:
        assert all(one == {"v6": 900, "v7": 100} for one in kind.weights())

    eventually(all_at_ten_again, within_s=30)


def assert_a_new_envoy_serves_all_from_stable(kind: ClusterEnvironment) -> None:
    names = kind.envoys()
    with kind.under_load() as counted:
        kind.kubectl.run("delete", "pod", min(names), "--wait=false")

        def new_one_is_there() -> None:
            reports = kind.agents()
            new = reports.keys() - names
            assert new
            running = reports[min(new)].get("running")
            assert running
            assert running["weights"]["v6"] == 1000

        eventually(new_one_is_there, within_s=60)
    kind.assert_none_lost(counted, "an Envoy pod deleted while a state is refused")
    kind.assert_all_logged(counted)
    kind.kubectl.rolled_out("serving-ingress")


@contextmanager
def refused(kind: ClusterEnvironment, change: tuple[str, str]) -> Iterator[str]:
    """Push a state that must not go live over a split of 10 %, and take it back by a commit."""
    kind.set("10")
    kind.checkout.edit(kind.traffic_file, change)
    kind.checkout.push("A state that must not go live")
    try:
        yield kind.checkout.head()
    finally:
        kind.rollout("undo", "--reason", "it was refused")
        kind.checkout.pull()
