"""The split is what Git says, in every Envoy and as counted from outside."""

import re

from tests.cluster.environment import ClusterEnvironment
from tests.cluster.figures import note_times
from tests.counting import assert_share, eventually

_CALLS = 1_500


def test_ten_percent_after_a_commit(kind: ClusterEnvironment) -> None:
    _assert_split(kind, 10)


def test_half_after_a_commit(kind: ClusterEnvironment) -> None:
    _assert_split(kind, 50)


def _assert_split(kind: ClusterEnvironment, percent: int) -> None:
    kind.set(str(percent))
    counted = kind.send(_CALLS)
    kind.assert_none_lost(counted, f"split at {percent} %")
    assert_share(counted.versions["v7"], _CALLS, percent / 100)
    kind.assert_all_logged(counted)

    shown = kind.rollout("status")
    for pod in kind.agents():
        assert pod in shown


def test_twenty_commits_by_the_command(kind: ClusterEnvironment) -> None:
    times_s = []
    for number in range(20):
        printed = kind.rollout("set", str(20 + number % 2))
        found = re.search(r"([\d.]+) s", printed)
        assert found, printed
        times_s.append(float(found.group(1)))
    kind.checkout.pull()
    note_times("commit -> live in every Envoy pod, by `weighbridge rollout set`", times_s)
    assert len(kind.agents()) >= 2


def test_plain_pushes_with_the_hosts_webhook(kind: ClusterEnvironment, webhook: None) -> None:
    kind.host.told.clear()
    times_s = []
    for number in range(20):
        percent = 30 + number % 2
        at = kind.commit_percent(str(percent))
        weights = {"v6": 1000 - percent * 10, "v7": percent * 10}
        times_s.append(kind.seconds_until_live(at, weights, within_s=20))
    note_times("push -> live in every Envoy pod, by plain git and webhook", times_s)
    assert kind.host.told == [200] * len(times_s)


def test_a_live_edit_is_undone_by_argo_cd(kind: ClusterEnvironment) -> None:
    kind.set("10")
    before = kind.kubectl.data("traffic")

    kind.kubectl.patch("configmap", "traffic", {"data": {"canary-percent": "100"}})

    def is_undone() -> None:
        assert kind.kubectl.data("traffic") == before
        assert all(one == {"v6": 900, "v7": 100} for one in kind.weights())

    eventually(is_undone, within_s=40)
    assert kind.rollout("status")


def test_what_leaves_git_leaves_the_cluster(kind: ClusterEnvironment) -> None:
    added = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: short-lived\ndata: {a: b}\n"
    file = kind.checkout.folder / "envoy/traffic/kind/short-lived.yaml"
    kind.checkout.pull()
    file.write_text(added)
    listing = (r"^- traffic.yaml", "- traffic.yaml\n- short-lived.yaml")
    kind.checkout.edit("envoy/traffic/kind/kustomization.yaml", listing)
    kind.checkout.push("Add an object")
    kind.application.wait_synced(kind.checkout.head())
    assert kind.kubectl.exists("configmap", "short-lived")

    kind.checkout.git("revert", "--no-edit", "HEAD")
    kind.checkout.git("push", "--quiet", "origin", "HEAD:main")
    kind.application.wait_synced(kind.checkout.head())

    def is_gone() -> None:
        assert not kind.kubectl.exists("configmap", "short-lived")

    eventually(is_gone, within_s=30)
