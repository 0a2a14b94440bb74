"""Everything in the cluster: PostgreSQL, MLflow, S3 and the training too (overlay staging)."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.cluster.argocd import Application
from tests.cluster.checkout import Checkout
from tests.cluster.forward import forwarded
from tests.cluster.git_host import GitHost
from tests.cluster.install import create_application, create_secret, remove_environment
from tests.cluster.kubectl import Kubectl
from tests.counting import eventually
from tests.load import send

_KEYS = {
    "AWS_ACCESS_KEY_ID": "staging",
    "AWS_SECRET_ACCESS_KEY": secrets.token_hex(),
    "AWS_DEFAULT_REGION": "us-east-1",
}
_LOG_PASSWORD = secrets.token_hex()


@pytest.fixture
def staging(
    kubeconfig: Path, host: GitHost, checkout: Checkout, image_tag: str
) -> Iterator[Kubectl]:
    """The environment `staging`, applied from Git; its pins are still empty."""
    kubectl = Kubectl(kubeconfig, "mlops-staging")
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
    checkout.pull()
    checkout.weighbridge("image", "set", image_tag, "-e", "staging")
    try:
        kubectl.run("create", "namespace", kubectl.namespace)
        for name, pairs in values.items():
            create_secret(kubectl, name, pairs)
        create_application(checkout, kubectl, "staging", host.argocd_url)
        yield kubectl
    finally:
        remove_environment(kubectl, "staging")


def test_from_nothing_to_rows(
    staging: Kubectl, checkout: Checkout, rows: list[dict[str, object]]
) -> None:
    models_are_registered(staging)
    pin_models(staging, checkout)
    checkout.pull()
    application = Application(staging.within("argocd"), "weighbridge-staging")
    application.wait_synced(checkout.head(), within_s=180)
    claims = staging.get("persistentvolumeclaims")["items"]
    assert {one["status"]["phase"] for one in claims} == {"Bound"}
    calls_become_rows(staging, rows)
    rows_outlive_a_restart_of_postgres(staging)


def models_are_registered(staging: Kubectl) -> None:
    def is_done() -> None:
        jobs = staging.get("jobs")["items"]
        done = {job["metadata"]["name"] for job in jobs if job["status"].get("succeeded")}
        assert "register-models" in done, jobs

    eventually(is_done, within_s=180)


def pin_models(staging: Kubectl, checkout: Checkout) -> None:
    with forwarded(staging, "mlflow", 5001) as mlflow, forwarded(staging, "s3", 4566) as s3:
        addresses = {
            "MLFLOW_TRACKING_URI": f"http://{mlflow}",
            "MLFLOW_S3_ENDPOINT_URL": f"http://{s3}",
        }
        person = Checkout(checkout.folder, {**checkout.variables, **_KEYS, **addresses})
        for version in "67":
            person.weighbridge("model", "pin", f"v{version}", "--version", version, "-e", "staging")


def calls_become_rows(staging: Kubectl, rows: list[dict[str, object]]) -> None:
    with forwarded(staging, "serving-api-service", 8080) as target:
        counted = send(target, rows[:200])
    assert not counted.errors
    ids = [one.prediction_id for one in counted.predictions]

    def all_are_there() -> None:
        assert logged(staging, ids) == len(ids)

    eventually(all_are_there, within_s=30)


def rows_outlive_a_restart_of_postgres(staging: Kubectl) -> None:
    before = logged(staging)
    staging.run("delete", "pod", "postgres-0", timeout_s=120)
    staging.run("rollout", "status", "statefulset/postgres", "--timeout=60s", timeout_s=70)
    assert logged(staging) == before


def logged(staging: Kubectl, ids: list[str] | None = None) -> int:
    with forwarded(staging, "postgres", 5432) as address:
        url = f"postgresql://weighbridge:{_LOG_PASSWORD}@{address}/weighbridge"
        with psycopg.connect(url) as connection:
            query = "SELECT count(*) FROM calls WHERE %s::uuid[] IS NULL OR prediction_id = ANY(%s)"
            row = connection.execute(query, (ids, ids)).fetchone()
    assert row
    return int(row[0])
