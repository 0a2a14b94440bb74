"""Wrong input on a cluster: what a person sees names the cause, and the running versions serve."""

import pytest

from tests.cluster.environment import ClusterEnvironment
from tests.cluster.pods import is_ready, termination_messages, waiting_messages
from tests.counting import eventually

_MISSING = "0" * 40


@pytest.mark.parametrize("percent", ["150", "-1", "ten"])
def test_a_percent_out_of_range(kind: ClusterEnvironment, percent: str) -> None:
    before = kind.host.tip()
    done = kind.checkout.tried("rollout", "set", "-e", "kind", "--", percent)
    assert done.returncode != 0
    assert percent in done.stdout + done.stderr
    assert kind.host.tip() == before


def test_an_image_tag_that_does_not_exist(kind: ClusterEnvironment) -> None:
    kind.checkout.weighbridge(
        "image", "set", _MISSING, "--deployment", "serving-api-v7", "-e", "kind"
    )
    try:

        def pod_says_so() -> None:
            waiting = [said for pod in kind.pods("v7") for said in waiting_messages(pod)]
            assert any(_MISSING in said for said in waiting), waiting

        kind.application.refresh()
        eventually(pod_says_so, within_s=60)
        assert kind.send(100).versions.total() == 100
        assert [pod for pod in kind.pods("v7") if is_ready(pod)], "the running pod has to stay"
    finally:
        revert(kind)


def test_a_missing_secret(kind: ClusterEnvironment) -> None:
    kind.checkout.pull()
    kind.checkout.edit("k8s/serving-api/deployment.yaml", ("name: serving-log", "name: not-made"))
    kind.checkout.push("Name a Secret that nobody made")
    try:

        def pod_says_so() -> None:
            events = kind.kubectl.run("get", "events", "--field-selector=reason=Failed")
            assert "not-made" in events

        kind.application.refresh()
        eventually(pod_says_so, within_s=60)
        assert kind.send(100).versions.total() == 100
    finally:
        revert(kind)


def test_bytes_that_are_not_the_pinned_ones(kind: ClusterEnvironment) -> None:
    kind.checkout.pull()
    wrong = (r"MODEL_SHA256: .*", f'MODEL_SHA256: "{"0" * 64}"')
    kind.checkout.edit("envoy/traffic/kind/model-v7.yaml", wrong)
    kind.checkout.push("Pin other bytes")
    try:
        kind.application.wait_synced(kind.checkout.head(), healthy=False)
        kind.kubectl.run("rollout", "restart", "deployment/serving-api-v7")

        def log_says_so() -> None:
            ends = [end for pod in kind.pods("v7") for end in termination_messages(pod)]
            assert any("SHA-256" in end and "pin" in end for end in ends), ends

        eventually(log_says_so, within_s=90)
        assert kind.send(100).versions.total() == 100
        assert [pod for pod in kind.pods("v7") if is_ready(pod)], "the running pod has to stay"
    finally:
        revert(kind)


def revert(kind: ClusterEnvironment) -> None:
    """Take the newest commit back, and wait until all is well."""
    kind.checkout.pull()
    kind.checkout.git("revert", "--no-edit", "HEAD")
    kind.checkout.git("push", "--quiet", "origin", "HEAD:main")
    kind.application.wait_synced(kind.checkout.head(), within_s=120)
