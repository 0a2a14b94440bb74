"""A version comes and another goes, by commits alone, and no call is lost."""

import pytest
from mlflow import MlflowClient

from tests.cluster.environment import ClusterEnvironment
from tests.cluster.recipes import follow, recipe
from tests.counting import eventually
from tests.fix_stack import Stack
from weighbridge_training import MODEL_NAME


@pytest.fixture
def eighth(services: Stack) -> None:
    """A version 8 in the registry: the seventh's bytes, registered once more."""
    client = MlflowClient(services.environment["MLFLOW_TRACKING_URI"])
    seventh = client.get_model_version(MODEL_NAME, "7")
    registered = client.create_model_version(
        MODEL_NAME, str(seventh.source), seventh.run_id, tags=seventh.tags
    )
    assert str(registered.version) == "8"


def test_v8_comes_and_v6_goes(kind: ClusterEnvironment, eighth: None) -> None:
    kind.set("100")
    with kind.under_load(limit_s=280) as counted:
        follow(kind, recipe("v8 comes."))
        kind.set("50")
        at_half = counted.calls

        def all_three_have_served() -> None:
            assert counted.calls > at_half + 200
            assert counted.versions["v8"] > 50

        eventually(all_three_have_served, within_s=30)
        let_other_environments_follow(kind)
        follow(kind, recipe("v6 goes"))
        kind.kubectl.rolled_out("serving-ingress")

        def v6_is_gone() -> None:
            assert not kind.kubectl.exists("deployment", "serving-api-v6")
            assert not kind.pods("v6")

        eventually(v6_is_gone, within_s=90)
    kind.assert_none_lost(counted, "v8 added and v6 retired")
    kind.assert_all_logged(counted)
    assert all(one == {"v7": 500, "v8": 500} for one in kind.weights())
    assert kind.rollout("status")


def let_other_environments_follow(kind: ClusterEnvironment) -> None:
    """No environment may give calls to a version that goes."""
    kind.checkout.pull()
    here = kind.checkout.folder / kind.traffic_file
    for file in kind.checkout.folder.glob("envoy/traffic/*/traffic.yaml"):
        if file != here:
            changes = (r"^  stable: v6", "  stable: v7"), (r"^  canary: v7", "  canary: v8")
            kind.checkout.edit(str(file.relative_to(kind.checkout.folder)), *changes)
