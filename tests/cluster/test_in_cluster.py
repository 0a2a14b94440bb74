"""Everything in the cluster: PostgreSQL, MLflow, S3 and the training too (overlay staging)."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from tests.cluster.argocd import Application
from tests.cluster.checkout import Checkout
from tests.cluster.figures import note
from tests.cluster.forward import forwarded
from tests.cluster.git_host import GitHost
from tests.cluster.install import create_application, create_secret, remove_environment
from tests.cluster.kubectl import Kubectl
from tests.cluster.pods import Pod, is_ready, ready_since, restarts
from tests.cluster.recipes import recipe
from tests.counting import eventually
from tests.load import send

_KEYS = {
    "AWS_ACCESS_KEY_ID": "staging",
    "AWS_SECRET_ACCESS_KEY": secrets.token_hex(),
    "AWS_DEFAULT_REGION": "us-east-1",
}
_LOG_PASSWORD = secrets.token_hex()
_SERVERS = "app.kubernetes.io/component=model-server"
_V7 = "weighbridge.dev/version=v7"
_ALIAS = "app.kubernetes.io/name=serving-api"
_FROM_COPY = "model read from the cache"
_END_IT = ("python", "-c", "import os, signal; os.kill(1, signal.SIGTERM)")


@pytest.fixture(scope="module")
def staging(
    kubeconfig: Path, host: GitHost, checkout: Checkout, image_tag: str
) -> Iterator[Kubectl]:
    """The environment `staging` from nothing to serving, with an alias and one volume of copies."""
    kubectl = Kubectl(kubeconfig, "mlops-staging")
    checkout.pull()
    for line in (*recipe("1. An alias")[:2], *recipe("Copies that pods share.")):
        checkout.shell(line.replace("overlays/kind", "overlays/staging"))
    checkout.weighbridge("image", "set", image_tag, "-e", "staging")
    try:
        create_all_secrets(kubectl)
        application = create_application(checkout, kubectl, "staging", host.argocd_url)
        models_are_registered(kubectl)
        pin_models(kubectl, checkout)
        checkout.pull()
        application.wait_synced(checkout.head(), healthy=False)
        kubectl.run("delete", "pods", f"--selector={_SERVERS}", timeout_s=120)
        application.wait_synced(checkout.head(), within_s=180)
        yield kubectl
    finally:
        remove_environment(kubectl, "staging")


def test_calls_become_rows(staging: Kubectl, rows: list[dict[str, object]]) -> None:
    claims = staging.get("persistentvolumeclaims")["items"]
    assert len(claims) == 3
    assert {one["status"]["phase"] for one in claims} == {"Bound"}
    with forwarded(staging, "service/serving-api-service", 8080) as target:
        counted = send(target, rows[:200])
    assert not counted.errors
    ids = [one.prediction_id for one in counted.predictions]

    def all_are_there() -> None:
        assert logged(staging, ids) == len(ids)

    eventually(all_are_there, within_s=30)


def test_rows_outlive_a_restart_of_postgres(staging: Kubectl) -> None:
    before = logged(staging)
    staging.run("delete", "pod", "postgres-0", timeout_s=120)
    staging.run("rollout", "status", "statefulset/postgres", "--timeout=60s", timeout_s=70)
    assert logged(staging) == before


def test_pods_start_without_mlflow_and_s3(
    staging: Kubectl, checkout: Checkout, rows: list[dict[str, object]]
) -> None:
    take_away_mlflow_and_s3(staging, checkout)
    for what, selector, version in (("v7", _V7, "7"), ("the alias", _ALIAS, "6")):
        old = uids(staging.pods(selector))
        staging.run("delete", "pods", f"--selector={selector}", timeout_s=120)
        pods = pods_that_read_the_copy(staging, selector, restarted=0)
        assert not old & uids(pods)
        longest_s = max(map(seconds_to_ready, pods))
        note(f"new pod of {what} without MLflow and S3 -> ready: {longest_s:.0f} s")

        for pod in pods:
            staging.run("exec", pod["metadata"]["name"], "--container=server", "--", *_END_IT)
        again = pods_that_read_the_copy(staging, selector, restarted=1)
        assert uids(again) == uids(pods)
        for pod in pods:
            with forwarded(staging, f"pod/{pod['metadata']['name']}", 9000) as target:
                counted = send(target, rows[:20])
            assert not counted.errors
            assert {one.model.version for one in counted.predictions} == {version}


def take_away_mlflow_and_s3(staging: Kubectl, checkout: Checkout) -> None:
    """Scale both to nothing, in Git: Argo CD would undo it elsewhere."""
    nothing = "replicas:\n- {name: mlflow, count: 0}\n- {name: s3, count: 0}\nimages:"
    checkout.edit("k8s/overlays/staging/kustomization.yaml", ("^images:", nothing))
    checkout.push("Take MLflow and S3 away")
    application = Application(staging.within("argocd"), "weighbridge-staging")
    application.wait_synced(checkout.head())
    for kind, name in (("deployment", "mlflow"), ("statefulset", "s3")):
        selector = f"app.kubernetes.io/name={name}"
        assert staging.get(kind, name)["spec"]["replicas"] == 0
        staging.run("wait", "--for=delete", "pod", f"--selector={selector}", "--timeout=60s")


def uids(pods: list[Pod]) -> set[str]:
    return {pod["metadata"]["uid"] for pod in pods}


def pods_that_read_the_copy(staging: Kubectl, selector: str, restarted: int) -> list[Pod]:
    """Wait until these pods are ready after so many restarts; their logs name the copy."""

    def are_ready() -> None:
        pods = staging.pods(selector)
        assert pods
        assert all(is_ready(pod) and restarts(pod, "server") == restarted for pod in pods), pods

    eventually(are_ready, within_s=60)
    pods = staging.pods(selector)
    for pod in pods:
        assert _FROM_COPY in staging.run("logs", pod["metadata"]["name"], "--container=server")
    return pods


def seconds_to_ready(pod: Pod) -> float:
    """Return how long a pod took from being made to its first call."""
    made = datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
    return (datetime.fromisoformat(ready_since(pod)) - made).total_seconds()


def create_all_secrets(kubectl: Kubectl) -> None:
    """Make the namespace and its Secrets, as k8s/README.md tells."""
    database = f"postgresql://weighbridge:{_LOG_PASSWORD}@postgres:5432/weighbridge"
    values = {
        "serving-s3": _KEYS,
        "serving-database": {"WEIGHBRIDGE_DATABASE_URL": database},
        "serving-log": {"WEIGHBRIDGE_STICKY_SALT": secrets.token_hex()},
        "postgres": {
            "WEIGHBRIDGE_DATABASE_PASSWORD": _LOG_PASSWORD,
            "MLFLOW_DATABASE_PASSWORD": secrets.token_hex(),
        },
    }
    kubectl.run("create", "namespace", kubectl.namespace)
    for name, pairs in values.items():
        create_secret(kubectl, name, pairs)


def models_are_registered(staging: Kubectl) -> None:
    def is_done() -> None:
        jobs = staging.get("jobs")["items"]
        done = {job["metadata"]["name"] for job in jobs if job["status"].get("succeeded")}
        assert "register-models" in done, jobs

    eventually(is_done, within_s=180)


def pin_models(staging: Kubectl, checkout: Checkout) -> None:
    with (
        forwarded(staging, "service/mlflow", 5001) as mlflow,
        forwarded(staging, "service/s3", 4566) as s3,
    ):
        addresses = {
            "MLFLOW_TRACKING_URI": f"http://{mlflow}",
            "MLFLOW_S3_ENDPOINT_URL": f"http://{s3}",
        }
        person = Checkout(checkout.folder, {**checkout.variables, **_KEYS, **addresses})
        for version in "67":
            person.weighbridge("model", "pin", f"v{version}", "--version", version, "-e", "staging")


def logged(staging: Kubectl, ids: list[str] | None = None) -> int:
    with forwarded(staging, "service/postgres", 5432) as address:
        url = f"postgresql://weighbridge:{_LOG_PASSWORD}@{address}/weighbridge"
        with psycopg.connect(url) as connection:
            query = "SELECT count(*) FROM calls WHERE %s::uuid[] IS NULL OR prediction_id = ANY(%s)"
            row = connection.execute(query, (ids, ids)).fetchone()
    assert row
    return int(row[0])
