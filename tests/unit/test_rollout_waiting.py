"""What a wait for Argo CD makes of answers that fail, and of syncs of another state."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import pytest

import weighbridge_rollout as rollout
from tests.fix_api_server import ApiServer, recorded_application
from tests.fix_repository import Repository
from tests.unit.test_rollout_cluster import cluster, environment

__all__ = ["cluster", "environment"]

OVERLAY = "k8s/overlays/kind"
TAG = "1" * 40


def failing(cluster: ApiServer, times: float, code: int = 503) -> Callable[[], int]:
    """Let the first looks at the Application fail; return how many there were."""
    answer, looks = cluster.answer, 0

    def fail(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        nonlocal looks
        if method == "GET" and "/applications/" in path:
            looks += 1
            if looks <= times:
                return code, b'{"message": "etcdserver: leader changed"}'
        return answer(method, path, body)

    cluster.answer = fail  # type: ignore[method-assign]
    return lambda: looks


def syncing(phase: str, revision: str, tip: str, message: str = "applying a Job") -> dict[str, Any]:
    """Return an Application that compares at the tip while it syncs another revision."""
    found = recorded_application("applied", tip)
    found["status"]["operationState"] = {
        "phase": phase,
        "message": message,
        "operation": {"sync": {"revision": revision}},
    }
    return found


def run_images(
    environment: rollout.Environment, repository: Repository, timeout_s: float
) -> rollout.ImageChange:
    image = "{name: serving-api, newName: ghcr.io/weighbridge/server, newTag: %s}"
    repository.commit_by_hand(
        f"images:\n- {image % ('0' * 40)}\n", path=f"{OVERLAY}/kustomization.yaml"
    )
    with_overlay = dataclasses.replace(environment, overlay=OVERLAY)
    return rollout.set_images(with_overlay, TAG, timeout_s=timeout_s)


def test_a_look_that_fails_once_ends_no_wait(
    cluster: ApiServer, environment: rollout.Environment, repository: Repository
) -> None:
    looks = failing(cluster, 1)
    change = run_images(environment, repository, 10)
    assert change.synced_s is not None
    assert change.notes == ()
    assert looks() == 2

    older = repository.tip()
    cluster.application = lambda: recorded_application("blocked", repository.tip(), older)
    failing(cluster, 1)
    live = rollout.set_percent(environment, 44, timeout_s=3)
    assert any("status" in patch for patch in cluster.patches), "its retries were ended"
    assert any("still retrying" in note for note in live.notes)


def test_looks_that_fail_until_the_end_are_a_note(
    cluster: ApiServer, environment: rollout.Environment, repository: Repository
) -> None:
    looks = failing(cluster, float("inf"))
    change = run_images(environment, repository, 1)
    assert change.synced_s is None
    (note,) = change.notes
    assert "leader changed" in note
    assert looks() > 1
    (note,) = rollout.set_percent(environment, 25, timeout_s=1).notes
    assert "leader changed" in note


def test_a_look_that_is_forbidden_ends_the_wait_with_a_note(
    cluster: ApiServer, environment: rollout.Environment, repository: Repository
) -> None:
    cluster.forbidden = ("GET /apis/argoproj",)
    started = time.monotonic()
    (note,) = run_images(environment, repository, 30).notes
    assert "the right to get applications.argoproj.io in namespace argocd is missing" in note
    (note,) = rollout.set_percent(environment, 25).notes
    assert "the right to get applications.argoproj.io" in note
    assert time.monotonic() - started < 15


def test_a_first_sync_of_an_older_state_is_waited_for(
    cluster: ApiServer, environment: rollout.Environment, repository: Repository
) -> None:
    older = repository.tip()
    cluster.application = lambda: syncing("Running", older, repository.tip())
    (note,) = rollout.set_percent(environment, 25, timeout_s=1).notes
    assert f"is still at {older[:10]}, before {repository.tip()[:10]}: applying a Job" in note

    ends_at = time.monotonic() + 1.5
    cluster.application = lambda: (
        syncing("Terminating", older, repository.tip())
        if time.monotonic() < ends_at
        else recorded_application("applied", repository.tip())
    )
    assert rollout.set_percent(environment, 30).notes == ()
    assert time.monotonic() > ends_at


@pytest.mark.parametrize("revision", ["", "main"])
def test_a_sync_of_an_unknown_revision_refuses_nothing(
    cluster: ApiServer, environment: rollout.Environment, repository: Repository, revision: str
) -> None:
    def application() -> dict[str, Any]:
        found = syncing("Error", revision, repository.tip(), "an old failure")
        found["status"]["sync"]["status"] = "OutOfSync"
        return found

    cluster.application = application
    cluster.report = lambda _: None
    with pytest.raises(rollout.UnconfirmedError):
        rollout.set_percent(environment, 35, timeout_s=1)


def test_no_password_of_argo_cd_is_told(
    cluster: ApiServer, environment: rollout.Environment, repository: Repository
) -> None:
    tip = repository.tip()

    def application() -> dict[str, Any]:
        url = "https://ada:hunter2@git.example.org/weighbridge.git"
        found = recorded_application("applied", "2" * 40)
        found["spec"]["source"]["repoURL"] = url
        found["status"]["operationState"] = None
        return found

    cluster.application = application
    said = " ".join(rollout.status(environment).differences)
    assert "follows k8s/overlays/kind on main of https://" in said
    assert "hunter2" not in said

    def unreadable() -> dict[str, Any]:
        found = recorded_application("unreadable", tip, tip)
        for one in found["status"]["conditions"]:
            one["message"] = "cannot read https://ada:hunter2@git.example.org/weighbridge.git"
        return found

    cluster.application = unreadable
    said = " ".join(rollout.status(environment).differences)
    assert "cannot read https://" in said
    assert "hunter2" not in said
