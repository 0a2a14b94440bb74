"""The order in which .ci/run goes, and that it stops the cluster whatever happens."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

# Stand-ins: what each is called with goes into one file, in order.
PROGRAM = '#!/bin/sh\necho "{name} $*" >> "$CALLS"\n{then}\n'
CLUSTER = ("install", "up", "down", "image")
Run = Callable[..., tuple[int, list[str], str]]


def write(path: Path, then: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PROGRAM.format(name=path.name, then=then))
    path.chmod(0o755)


@pytest.fixture
def run(project: Path, tmp_path: Path) -> Run:
    """Run it in a checkout beside a cluster's folder, as if by this user."""
    checkout = tmp_path / "checkout"
    shutil.copytree(project / ".ci", checkout / ".ci")
    write(checkout / ".ci" / "tools")
    calls = tmp_path / "calls"

    def run(
        *, fails: str = "none", user: int = 0, cluster: bool = True
    ) -> tuple[int, list[str], str]:
        for name in CLUSTER if cluster else ():
            write(
                tmp_path / "shared" / "cluster" / name, f'case "{name}" in {fails}) exit 3;; esac'
            )
        if cluster:
            (tmp_path / "shared" / "cluster" / "env").write_text("export KUBECONFIG=/its/own\n")
        write(
            tmp_path / "bin" / "make",
            f'echo "with $KUBECONFIG"; case "$1" in {fails}) exit 3;; esac',
        )
        write(tmp_path / "bin" / "dpkg")
        write(tmp_path / "bin" / "id", f"echo {user}")
        variables = {
            "CALLS": str(calls),
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "KUBECONFIG": "",
        }
        done = subprocess.run(
            ["bash", checkout / ".ci" / "run"],
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        wanted = ("make", "tools", *CLUSTER)
        lines = calls.read_text().splitlines()
        return done.returncode, [x for x in lines if x.split()[0] in wanted], done.stdout

    return run


def test_everything_in_order(run: Run, tmp_path: Path) -> None:
    code, calls, output = run()
    build = f"{tmp_path}/shared/cluster/image build"
    assert code == 0
    assert calls == [
        f"tools {tmp_path}/.cache/weighbridge-ci",
        "make lint",
        "make test",
        "install ",
        "down ",
        "up ",
        "image base",
        f"make images IMAGE_BUILD={build}",
        "make test-cluster IMAGE_BUILD=:",
        "down ",
    ]
    assert output.count("with /its/own") == 2
    times = output.partition("==== times\n")[2].splitlines()
    assert [line.partition(" s  ")[2] for line in times] == [
        "system packages",
        "go and kubectl",
        "make lint",
        "make test",
        "cluster: install",
        "cluster: start, base images",
        "cluster: our images",
        "make test-cluster",
        "in all",
    ]


@pytest.mark.parametrize("fails", ["up", "image", "images", "test-cluster"])
def test_the_cluster_is_stopped_whatever_fails(fails: str, run: Run) -> None:
    code, calls, output = run(fails=fails)
    assert code != 0
    assert calls[-1] == "down "
    assert "failed in: " in output


def test_a_failed_test_starts_no_cluster(run: Run) -> None:
    code, calls, output = run(fails="test")
    assert code != 0
    assert calls[-1] == "make test"
    assert "failed in: make test\n" in output


@pytest.mark.parametrize(("user", "cluster"), [(1000, True), (0, False)])
def test_without_a_cluster_its_suite_is_left_out(user: int, cluster: bool, run: Run) -> None:
    code, calls, output = run(user=user, cluster=cluster)
    assert code == 0
    assert calls[-1] == "make test"
    assert "make test-cluster is left out" in output
