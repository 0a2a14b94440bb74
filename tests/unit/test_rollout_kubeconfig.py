"""Which context of which kubeconfig is taken."""

import dataclasses
import json
from pathlib import Path

import pytest

import weighbridge_rollout as rollout
from tests.fix_api_server import CONTEXT, NAMESPACE, ApiServer
from tests.fix_repository import Repository


def told(repository: Repository, context: str | None) -> str:
    """Return what status says of a cluster in which nothing runs."""
    agents = rollout.ClusterAgents(NAMESPACE, context)
    environment = dataclasses.replace(repository.environment(), kubernetes=agents)
    (difference,) = rollout.status(environment).differences
    return difference


@pytest.mark.usefixtures("api_server")
def test_the_first_file_that_has_the_context_counts(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.write_text("clusters: []\nusers: []\ncontexts: []\n")
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'none'}:{other}:{tmp_path / 'kubeconfig'}")
    assert f"context {CONTEXT} has no pod" in told(repository, CONTEXT)


@pytest.mark.usefixtures("api_server")
def test_several_files_are_read_as_one_like_kubectl_does(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tmp_path / "first"
    first.write_text(
        "current-context: split\ncontexts: [{name: split, context: {cluster: this, user: bo}}]\n"
    )
    (tmp_path / "elsewhere").mkdir()
    token = tmp_path / "elsewhere" / "token"
    token.write_text("secret")
    second = tmp_path / "elsewhere" / "second"
    second.write_text("current-context: other\nusers: [{name: bo, user: {tokenFile: token}}]\n")
    monkeypatch.setenv("KUBECONFIG", f"{first}:{second}:{tmp_path / 'kubeconfig'}")
    assert "context split has no pod" in told(repository, None)
    assert "context other has no pod" in told(repository, "other")


@pytest.mark.usefixtures("api_server")
def test_without_a_context_the_current_one_is_taken(repository: Repository) -> None:
    assert "context other has no pod" in told(repository, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("contexts: [", "cannot be read"),
        ("clusters: []\ncontexts: [{name: c, context: {cluster: x, user: u}}]", "names cluster x"),
        (
            "clusters: [{name: x, cluster: {server: http://a}}]\n"
            "users: null\ncontexts: [{name: c, context: {cluster: x, user: u}}]",
            "context c names user u",
        ),
        (
            "clusters: [{name: x, cluster: {server: http://a}}]\n"
            "contexts: [{name: c, context: {cluster: x}}]",
            "context c names no user",
        ),
        (
            "clusters: []\ncontexts: [{name: d, context: {cluster: x}}]",
            "has no context c; it has d",
        ),
        (None, "no kubeconfig at"),
    ],
)
def test_a_kubeconfig_that_does_not_do_is_told(
    repository: Repository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str | None,
    said: str,
) -> None:
    file = tmp_path / "config"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("KUBECONFIG", str(file))
    assert said in told(repository, "c")
    assert str(file) in told(repository, "c")


def test_a_login_program_that_is_not_there_is_told(
    api_server: ApiServer, repository: Repository, tmp_path: Path
) -> None:
    file = tmp_path / "kubeconfig"
    login = "{apiVersion: client.authentication.k8s.io/v1beta1, command: no-such-login}"
    file.write_text(file.read_text().replace("token: secret", f"exec: {login}"))
    said = told(repository, CONTEXT)
    assert "logging in failed" in said
    assert "no-such-login" in said
    assert not api_server.asked


def test_a_login_program_is_shown_to_the_person_and_ended_in_time(
    api_server: ApiServer,
    repository: Repository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file, program = tmp_path / "kubeconfig", tmp_path / "login"
    login = f"{{apiVersion: client.authentication.k8s.io/v1beta1, command: {program}}}"
    file.write_text(file.read_text().replace("token: secret", f"exec: {login}"))
    answer = json.dumps({"status": {"token": "of-ada"}})
    program.write_text(f"#!/bin/sh\necho 'open this page' >&2\necho '{answer}'\n")
    program.chmod(0o755)
    assert f"context {CONTEXT} has no pod" in told(repository, CONTEXT)
    assert "open this page" in capfd.readouterr().err
    assert api_server.asked

    monkeypatch.setattr("weighbridge_rollout._login._LOGIN_S", 0.2)
    program.write_text("#!/bin/sh\nexec sleep 20\n")
    assert "login took longer than 0.2 s" in told(repository, CONTEXT)
    program.write_text("#!/bin/sh\nexit 3\n")
    assert "login returned 3" in told(repository, CONTEXT)
