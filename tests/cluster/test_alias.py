"""Strategy 1: the version that an alias names, taken when a pod starts."""

from collections.abc import Iterator

import pytest
from mlflow import MlflowClient

from tests.cluster.environment import ClusterEnvironment
from tests.cluster.forward import forwarded
from tests.cluster.pods import termination_messages
from tests.cluster.recipes import follow, recipe
from tests.counting import eventually
from tests.fix_stack import Stack
from tests.load import send
from weighbridge_training import MODEL_NAME


@pytest.fixture
def alias(kind: ClusterEnvironment) -> Iterator[ClusterEnvironment]:
    """The environment with the component, which goes again by a commit."""
    kind.checkout.pull()
    before = kind.checkout.head()
    follow(kind, recipe("1. An alias"))
    kind.application.wait_synced(kind.checkout.head(), within_s=120)
    yield kind
    kind.checkout.pull()
    kind.checkout.git("checkout", "--quiet", before, "--", "k8s")
    kind.checkout.push("Serve no alias any more")
    kind.application.wait_synced(kind.checkout.head())


def test_an_alias_that_moves_and_one_that_is_changed(
    alias: ClusterEnvironment, services: Stack
) -> None:
    kubectl = alias.kubectl
    assert len(kubectl.pods("app.kubernetes.io/name=serving-api")) == 2
    assert served(alias) == {"6"}

    registry = MlflowClient(services.environment["MLFLOW_TRACKING_URI"])
    registry.set_registered_model_alias(MODEL_NAME, "production", "5")
    try:
        restart(alias)
        assert served(alias) == {"5"}
    finally:
        registry.set_registered_model_alias(MODEL_NAME, "production", "6")

    follow(alias, recipe("Point it elsewhere"))
    kubectl.rolled_out("serving-api")
    assert served(alias) == {"7"}


def test_a_wrong_address_of_mlflow(alias: ClusterEnvironment) -> None:
    address = "http://host.docker.internal:1"
    kubectl = alias.kubectl
    wrong = f"MLFLOW_TRACKING_URI={address}"
    kubectl.run("set", "env", "deployment/serving-api", wrong)

    def last_words_say_so() -> None:
        pods = kubectl.pods("app.kubernetes.io/name=serving-api")
        ends = [end for pod in pods for end in termination_messages(pod)]
        assert any(address in end and "MLFLOW_TRACKING_URI" in end for end in ends), ends

    eventually(last_words_say_so, within_s=60)
    assert served(alias), "those that run go on"


def restart(alias: ClusterEnvironment) -> None:
    alias.kubectl.run("rollout", "restart", "deployment/serving-api")
    alias.kubectl.rolled_out("serving-api")


def served(alias: ClusterEnvironment) -> set[str]:
    with forwarded(alias.kubectl, "serving-api", 9000) as target:
        counted = send(target, alias.rows[:20])
    assert not counted.errors
    return {one.model.version for one in counted.predictions}
