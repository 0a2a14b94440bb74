"""Commands with -e, and what they print of a cluster."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.fix_api_server import CONTEXT, NAMESPACE, ApiServer, recorded_application, recorded_pod
from tests.fix_cli import Shell
from tests.fix_repository import FOLDER, Repository
from weighbridge_ingress import Report, Running, Traffic

OLD, NEW = "0" * 40, "a" * 40
OVERLAY = f"""\
resources: [../../base]
images:
- {{name: serving-api-v6, newName: ghcr.io/own/server, newTag: "{OLD}"}}
- {{name: serving-api-v7, newName: ghcr.io/own/server, newTag: "{OLD}"}}
"""
ENVIRONMENTS = f"""\
environments:
  local: {{from: variables}}
  kind:
    repository: origin
    path: {FOLDER}
    kubernetes: {{context: {CONTEXT}, namespace: {NAMESPACE}}}
    argocd: {{application: weighbridge-kind}}
    overlay: k8s/overlays/kind
"""
IMAGE = {"name", "repository", "tag"}


@pytest.fixture
def checkout(repository: Repository, api_server: ApiServer) -> Shell:
    """A folder in a person's clone, with a cluster in which all is as Git says."""
    repository.commit_by_hand(OVERLAY, path="k8s/overlays/kind/kustomization.yaml")
    repository.commit_by_hand(ENVIRONMENTS, path="environments.yaml")
    api_server.pods = {"ingress-1": recorded_pod("ready"), "ingress-2": recorded_pod("ready")}
    api_server.report = lambda pod: report(pod, repository.read())
    api_server.application = lambda: recorded_application("applied", repository.tip())
    folder = repository.work / "k8s"
    return Shell(folder, {"KUBECONFIG": os.environ["KUBECONFIG"]})


def report(pod: str, text: str) -> Report:
    traffic = Traffic.parse(text, None)
    running = Running(traffic.revision, traffic.weights, "2026-11-24T11:29:27.003Z")
    return Report(
        agent=pod,
        at="",
        wanted=None,
        running=running,
        in_step=True,
        refused=None,
        error=None,
        repairs=0,
        calls=None,
    )


def as_json(shell: Shell, *arguments: str) -> Any:
    return json.loads(shell.ok(*arguments, "--output", "json"))


def test_set_status_undo_in_a_cluster(checkout: Shell) -> None:
    said = checkout.ok("rollout", "set", "25", "-e", "kind")
    assert "all 2 Envoys run it (ingress-1, ingress-2)" in said

    lines = checkout.ok("rollout", "status", "--environment", "kind").splitlines()
    assert lines[0].startswith(f"kind: {FOLDER} on main of ")
    assert lines[2].startswith("Git      v7 25 % beside v6  ")
    assert lines[3].startswith(
        "Argo CD  Synced, Healthy    Application argocd/weighbridge-kind at "
    )
    assert lines[4].startswith(
        "Envoy    v7 25 % beside v6  ingress-1, in step, since 2026-11-24 11"
    )
    assert lines[5].startswith("Envoy    v7 25 % beside v6  ingress-2, ")
    assert lines[-1].startswith("Git, Argo CD and Envoy agree")

    chosen = Shell(checkout.folder, {**checkout.variables, "WEIGHBRIDGE_ENVIRONMENT": "kind"})
    assert "took back" in chosen.ok("rollout", "undo")
    assert "v7 25 % → 10 %" in chosen.ok("rollout", "history")


def test_what_is_not_well_is_listed(checkout: Shell, api_server: ApiServer) -> None:
    api_server.other_pods = {"serving-api-v7-1": recorded_pod("no-such-secret")}
    api_server.pods["ingress-3"] = recorded_pod("no-such-image")
    said = checkout.fails("rollout", "status", "-e", "kind")
    assert "Not ready, so that calls go past them:\n  serving-api-v7-1: container server: " in said
    assert "They differ:\n  pod ingress-3 is not ready: container envoy: ImagePull" in said


def test_programs_read_pods_and_argo_cd(checkout: Shell, api_server: ApiServer) -> None:
    api_server.other_pods = {"serving-api-v7-1": recorded_pod("no-such-secret")}
    change = as_json(checkout, "rollout", "set", "25", "-e", "kind")
    assert change["confirmed_by"] == ["ingress-1", "ingress-2"]
    assert change["notes"] == []

    status = as_json(checkout, "rollout", "status", "-e", "kind")
    argocd = status["argocd"]
    names = {"application", "namespace", "context", "revision", "sees_commit", "sync", "health"}
    assert set(argocd) == {*names, "automated", "operation", "obstacle", "unasked"}
    assert argocd["revision"] == change["commit"]["sha"]
    assert (argocd["sync"], argocd["health"], argocd["sees_commit"]) == ("Synced", "Healthy", True)
    assert set(argocd["operation"]) == {"phase", "revision", "retries", "message", "failures"}
    assert set(status["agents"][0]) == {"url", "pod", "report", "unreachable", "not_ready"}
    assert [agent["pod"] for agent in status["agents"]] == ["ingress-1", "ingress-2"]
    assert status["waiting_pods"][0]["pod"] == "serving-api-v7-1"


def test_a_note_stands_beside_the_result(checkout: Shell, api_server: ApiServer) -> None:
    api_server.forbidden = ("PATCH",)
    done = checkout.run("rollout", "set", "25", "-e", "kind", "-o", "json")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["notes"]) == 1
    assert done.stderr.startswith("note: Argo CD looks at Git by itself every few minutes")


def test_images(checkout: Shell, api_server: ApiServer, repository: Repository) -> None:
    said = checkout.ok("image", "set", NEW, "--deployment", "serving-api-v7", "-e", "kind")
    assert said.startswith(f"serving-api-v7: {OLD} → {NEW}\ncommit ")
    assert "applied by Argo CD after " in said
    assert repository.message().startswith("Run aaaaaaaaaa in kind: serving-api-v7\n")
    assert "already" in checkout.ok(
        "image", "set", NEW, "--deployment", "serving-api-v7", "-e", "kind"
    )
    table = checkout.ok("image", "show", "-e", "kind").splitlines()
    assert [line.split()[:2] for line in table[1:]] == [
        ["serving-api-v6", OLD],
        ["serving-api-v7", NEW],
    ]

    change = as_json(checkout, "image", "set", OLD, "-e", "kind", "--reason", "Back")
    assert set(change) == {"path", "tag", "before", "commit", "synced_s", "notes"}
    assert [image["tag"] for image in change["before"]] == [NEW]
    assert all(set(image) == IMAGE for image in as_json(checkout, "image", "show", "-e", "kind"))

    assert "40 hex digits" in checkout.fails("image", "set", "latest", "-e", "kind")
    unknown = ("image", "set", NEW, "--deployment", "v9", "-e", "kind")
    assert "known: serving-api-v6, serving-api-v7" in checkout.fails(*unknown)

    api_server.application = lambda: recorded_application("retrying", repository.tip())
    assert "Argo CD (argocd/weighbridge-kind) could not apply it" in checkout.fails(
        "image", "set", NEW, "-e", "kind"
    )


def test_an_image_is_set_where_no_cluster_is_known(checkout: Shell, repository: Repository) -> None:
    """As a build does, which has Git and nothing else."""
    build = Shell(checkout.folder, {"KUBECONFIG": "/none"})
    done = build.run("image", "set", NEW, "-e", "kind", "--no-wait")
    assert done.returncode == 0, done.stderr
    assert "no cluster is known here" in done.stderr
    assert repository.message().startswith("Run aaaaaaaaaa in kind: 2 images\n")


def test_a_file_without_git(shell: Shell) -> None:
    file = shell.folder / "kustomization.yaml"
    file.write_text(OVERLAY)
    assert "written to kustomization.yaml" in shell.ok("image", "set", NEW, "--file", file.name)
    assert file.read_text() == OVERLAY.replace(OLD, NEW)
    assert NEW in shell.ok("image", "show", "--file", file.name)


def test_env_tells_which_environment_is_meant_and_why(checkout: Shell) -> None:
    rows = {row["name"]: row for row in as_json(checkout, "env", "-e", "kind")}
    assert rows["environment"]["value"] == "kind"
    assert rows["environment"]["source"] == "--environment"
    assert f"in {NAMESPACE} of {CONTEXT}" in rows["environment.agents"]["value"]
    assert rows["environment.agents"]["source"].endswith("environments.yaml")

    chosen = Shell(checkout.folder, {"WEIGHBRIDGE_ENVIRONMENT": "kind"})
    assert "WEIGHBRIDGE_ENVIRONMENT" in chosen.ok("env")


def test_an_environment_that_is_not_there_lists_those_that_are(
    checkout: Shell, shell: Shell
) -> None:
    for command in (("rollout", "status"), ("image", "show"), ("model", "pin", "v7")):
        options = ("--version", "7") if command[0] == "model" else ()
        here = Shell(checkout.folder, {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"})
        said = here.fails(*command, *options, "-e", "prod")
        assert "no environment prod; known: local, kind" in said
    assert "no environments.yaml" in shell.fails("rollout", "history", "-e", "kind")
    assert "-e" in checkout.fails("rollout", "status"), "how to choose one without a stack"


def test_the_local_environment_is_what_make_up_started(
    checkout: Shell, repository: Repository, tmp_path: Path
) -> None:
    stack = {
        "WEIGHBRIDGE_TRAFFIC_REPO": str(repository.bare),
        "WEIGHBRIDGE_TRAFFIC_PATH": FOLDER,
    }
    here = Shell(checkout.folder, stack)
    assert "10 %" in here.ok("rollout", "status", "-e", "local")
    assert "make up" in Shell(checkout.folder).fails("rollout", "status", "-e", "local")
