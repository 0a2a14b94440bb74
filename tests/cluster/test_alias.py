"""Strategy 1: pods that follow an alias, without a restart and without a lost call."""

from collections.abc import Iterator

import pytest
from mlflow import MlflowClient

from tests.cluster.alias import SELECTOR, AliasServers, alias_servers
from tests.cluster.environment import CALLS, ClusterEnvironment
from tests.cluster.figures import note
from tests.cluster.metrics import samples
from tests.cluster.pods import is_ready, termination_messages
from tests.cluster.recipes import follow, recipe
from tests.counting import eventually
from tests.fix_stack import Stack
from tests.load import Counted
from weighbridge_training import MODEL_NAME

_CONFIG = "k8s/components/alias/serving-api/model-config.yaml"
_FEWER_CALLS = 2_000


@pytest.fixture(scope="module")
def registry(services: Stack) -> MlflowClient:
    """The registry whose alias is followed."""
    address = services.environment["MLFLOW_TRACKING_URI"]
    return MlflowClient(address, registry_uri=address)


@pytest.fixture(scope="module")
def installed(kind: ClusterEnvironment) -> Iterator[ClusterEnvironment]:
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


@pytest.fixture
def alias(installed: ClusterEnvironment, registry: MlflowClient) -> Iterator[AliasServers]:
    """Two pods that follow the alias `production`, which names version 6 again afterwards."""
    installed.checkout.pull()
    before = installed.checkout.head()
    with alias_servers(installed) as servers:
        assert len(servers.targets) == 2
        assert servers.versions() == {"6"}
        yield servers
        registry.set_registered_model_alias(MODEL_NAME, "production", "6")
        installed.checkout.git("checkout", "--quiet", before, "--", _CONFIG)
        if installed.checkout.git("status", "--porcelain"):
            installed.checkout.push("Follow the alias production again")
            installed.application.wait_synced(installed.checkout.head())
            follow(installed, recipe("Point it elsewhere")[-1:])
        servers.seconds_until_served("6")


def test_an_alias_that_is_moved(alias: AliasServers) -> None:
    with alias.under_load("an alias moved in MLflow", CALLS) as counted:
        follow(alias.environment, recipe("Move the alias"))
        seconds = alias.seconds_until_served("5")
    note(f"alias moved in MLflow -> served by every pod: {seconds:.1f} s")
    assert answered_by(counted) == {"5", "6"}
    assert {model.alias for model in alias.models()} == {"production"}


def test_another_alias_in_git(alias: AliasServers) -> None:
    with alias.under_load("another alias in Git", CALLS) as counted:
        follow(alias.environment, recipe("Point it elsewhere"))
        seconds = alias.seconds_until_served("7")
    note(f"another alias in a pod's ConfigMap -> served by every pod: {seconds:.1f} s")
    assert answered_by(counted) == {"6", "7"}
    assert {model.alias for model in alias.models()} == {"experiment"}


def test_a_version_whose_bytes_are_others(alias: AliasServers, registry: MlflowClient) -> None:
    right = registry.get_model_version(MODEL_NAME, "4").tags["sha256"]
    registry.set_model_version_tag(MODEL_NAME, "4", "sha256", "0" * 64)
    try:
        with alias.under_load("an alias moved to a broken version", _FEWER_CALLS) as counted:
            registry.set_registered_model_alias(MODEL_NAME, "production", "4")
            alias.seconds_until(lambda model: model.last_error.version == "4", within_s=60)
        assert answered_by(counted) == {"6"}
        assert_all_tell_why(alias)
    finally:
        registry.set_model_version_tag(MODEL_NAME, "4", "sha256", right)
    seconds = alias.seconds_until_served("4", within_s=90)
    note(f"broken version mended -> served by every pod: {seconds:.1f} s")
    assert not any(model.HasField("last_error") for model in alias.models())


def test_a_wrong_address_of_mlflow(alias: AliasServers) -> None:
    address = "http://host.docker.internal:1"
    kubectl = alias.environment.kubectl
    kubectl.run("set", "env", "deployment/serving-api", f"MLFLOW_TRACKING_URI={address}")

    def last_words_say_so() -> None:
        ends = [end for pod in kubectl.pods(SELECTOR) for end in termination_messages(pod)]
        assert any(address in end and "MLFLOW_TRACKING_URI" in end for end in ends), ends

    eventually(last_words_say_so, within_s=60)
    assert alias.versions() == {"6"}, "those that run go on"


def answered_by(counted: Counted) -> set[str]:
    return {one.model.version for one in counted.predictions}


def assert_all_tell_why(alias: AliasServers) -> None:
    """The model's description, the log and the metrics tell it; the pods go on being ready."""
    for model in alias.models():
        assert model.model.version == "6"
        assert "SHA-256" in model.last_error.description
    assert all(is_ready(pod) for pod in alias.pods())
    for pod in alias.targets:
        kubectl = alias.environment.kubectl
        assert "SHA-256" in kubectl.run("logs", pod, "--container=server")
        assert samples(kubectl, pod, "weighbridge_server_model_load_failures_total")
