"""Hosts that fail while something is written, and people whom Git does not know."""

import dataclasses
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

import weighbridge_rollout as rollout
from tests.fix_api_server import CONTEXT, NAMESPACE, ApiServer, recorded_application
from tests.fix_repository import FOLDER, Repository, new_repository
from weighbridge_rollout._registry import RegisteredModel

NOWHERE = "http://127.0.0.1:1"  # no agent answers there, so that a write waits for its timeout
NOBODY = 54_321  # a user id that no account has


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder whose .gitconfig is empty, and no other word of who is at work."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / ".gitconfig").write_text("[safe]\n\tdirectory = *\n")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name in [name for name in os.environ if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    return folder


def test_a_repository_that_goes_after_the_push_hides_no_commit(repository: Repository) -> None:
    repository.write_hook("post-receive", 'mv "$PWD" "$PWD.gone"')

    with pytest.raises(rollout.UnconfirmedError, match="is in Git, but 1 of 1 agents") as raised:
        rollout.set_percent(repository.environment(NOWHERE), 25, timeout_s=1.5)

    assert raised.value.commit.subject == "Give v7 25 % of calls (was 10 %)"


def test_a_host_that_hangs_after_the_push_does_not_stretch_the_timeout(
    repository: Repository, home: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and says nothing
        hangs = f"url.git://127.0.0.1:{silent.getsockname()[1]}/.insteadOf"
        script = f"git config --file {home}/.gitconfig {hangs} {repository.bare}"
        repository.write_hook("post-receive", script)
        started = time.monotonic()

        with pytest.raises(rollout.UnconfirmedError, match="within 2 s"):
            rollout.set_percent(repository.environment(NOWHERE), 25, timeout_s=2)

        assert time.monotonic() - started < 20
        silent.settimeout(0)
        silent.accept()[0].close()  # it was asked at all


def test_a_host_that_hangs_hides_no_commit_while_argo_cd_names_another(
    api_server: ApiServer, repository: Repository, home: Path
) -> None:
    partial(repository)
    api_server.application = lambda: recorded_application("applied", "1" * 40)
    environment = dataclasses.replace(
        repository.environment(),
        repository=f"file://{repository.bare}",
        kubernetes=rollout.ClusterAgents(NAMESPACE, CONTEXT),
        argocd=rollout.ArgoApplication("weighbridge-kind", context=CONTEXT),
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hangs = f"url.git://127.0.0.1:{silent.getsockname()[1]}/.insteadOf"
        script = f"git config --file {home}/.gitconfig {hangs} file://{repository.bare}"
        repository.write_hook("post-receive", script)
        started = time.monotonic()
        with pytest.raises(rollout.UnconfirmedError, match="is in Git"):
            rollout.set_percent(environment, 25, timeout_s=2)
        assert time.monotonic() - started < 15


def test_a_pin_that_nobody_waits_for_outlives_a_slow_host(
    repository: Repository, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partial(repository)
    kustomization = f"{FOLDER}/kustomization.yaml"
    repository.commit_by_hand("resources: [traffic.yaml]\n", path=kustomization)
    slow = tmp_path / "slow"
    slow.write_text('#!/bin/sh\nsleep 0.3\nexec "$@"\n')
    slow.chmod(0o755)
    with (home / ".gitconfig").open("a") as config:
        config.write(f"[uploadpack]\n\tpackObjectsHook = {slow}\n")
    model = RegisteredModel("delay", "7", "s3://models/m.onnx", "0" * 64)
    monkeypatch.setattr("weighbridge_rollout._pin.find_model", lambda *_, **__: model)
    monkeypatch.setattr("weighbridge_rollout._pin.sha256_of", lambda *_: model.sha256)
    environment = dataclasses.replace(
        repository.environment(), repository=f"file://{repository.bare}"
    )
    pin = rollout.pin_model(
        environment,
        "v7",
        name="delay",
        tracking_uri="",
        store=rollout.ObjectStore(),
        version="7",
        timeout_s=None,
    )
    assert pin.commit is not None
    assert pin.commit.sha == repository.tip()
    (note,) = pin.notes
    assert note.startswith(f"{kustomization} does not list model-v7.yaml")


def partial(repository: Repository) -> None:
    """Let the host send files only when they are asked for, as the well-known ones do."""
    for setting in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        command = ["git", "-C", str(repository.bare), "config", setting, "true"]
        subprocess.run(command, check=True)


def test_a_lock_left_behind_is_named_and_not_taken_for_a_race(repository: Repository) -> None:
    lock = repository.bare / "refs" / "heads" / "main.lock"
    lock.touch()
    with pytest.raises(rollout.GitError, match=r"heads/main\.lock.*remove that file"):
        rollout.set_percent(repository.environment(), 25)
    lock.unlink()
    assert rollout.set_percent(repository.environment(), 25).commit


def test_a_push_whose_answer_was_lost_counts(repository: Repository) -> None:
    # The branch is updated by the time that this hook ends the connection.
    repository.write_hook("post-update", "kill -KILL $PPID")
    change = rollout.set_percent(repository.environment(), 25)
    assert change.commit
    assert change.commit.sha == repository.tip()


def test_the_author_is_known_even_where_git_knows_none(repository: Repository, home: Path) -> None:
    with (home / ".gitconfig").open("a") as config:
        config.write("[user]\n\tuseConfigOnly = true\n")
    change = rollout.set_percent(repository.environment(), 25)
    assert change.commit is not None
    assert change.commit.author
    assert "@" in change.commit.email


@pytest.mark.skipif(os.getuid() != 0, reason="only root can take on another user id")
@pytest.mark.parametrize("known", [True, False])
def test_a_user_id_without_an_account_can_write(known: bool) -> None:
    # Not below tmp_path, which is closed to other users.
    with tempfile.TemporaryDirectory(prefix="weighbridge-uid-") as name:
        repository = new_repository(Path(name))
        words = "[user]\n\tname = Ada\n\temail = ada@example.org\n" if known else ""
        (Path(name) / ".gitconfig").write_text(words)
        subprocess.run(["chown", "-R", str(NOBODY), name], check=True)

        done = set_as_nobody(repository, home=name)

        assert done.returncode == 0, done.stderr
        log = ["git", "-c", "safe.directory=*", "-C", str(repository.bare)]
        author = subprocess.run([*log, "log", "-1", "--format=%an"], capture_output=True, text=True)
        assert author.stdout.strip() == ("Ada" if known else f"uid-{NOBODY}")


def set_as_nobody(repository: Repository, home: str) -> "subprocess.CompletedProcess[str]":
    script = (
        "import weighbridge_rollout as r;"
        f"r.set_percent(r.Environment('local', {str(repository.bare)!r}, 'main', {FOLDER!r}), 25)"
    )
    # The capability is for Python itself, which may lie in a closed home folder.
    become = ["setpriv", f"--reuid={NOBODY}", "--inh-caps=+dac_override"]
    become += ["--ambient-caps=+dac_override", "--"]
    names = ("LOGNAME", "USER", "LNAME", "USERNAME")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", *names))}
    return subprocess.run(
        [*become, sys.executable, "-c", script],
        env={**inherited, "HOME": home, "GIT_CONFIG_NOSYSTEM": "1"},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
