"""A real cluster with Argo CD, the hybrid services on this machine, and a Git host.

The cluster is the one that KUBECONFIG points to. Its images are there already, named by a commit:
WEIGHBRIDGE_IMAGE_TAG, else the checkout's HEAD (`make test-cluster` builds and loads them).
"""

import base64
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.checkout import Checkout
from tests.cluster.environment import ClusterEnvironment
from tests.cluster.figures import FIGURES, note
from tests.cluster.git_host import GitHost, git_host
from tests.cluster.install import (
    create_application,
    create_secrets,
    remove_environment,
    use_ports_of,
)
from tests.cluster.kubectl import Kubectl
from tests.fix_clone import copy_tree
from tests.fix_ports import HeldPorts
from tests.fix_stack import NewStack, Stack

_FOLDER = Path(__file__).parent
_LIMIT_S = 480
_TARGET = "127.0.0.1:30080"


@pytest.hookimpl(tryfirst=True)  # before those that are not wanted are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder: they run where a cluster is, and may take minutes."""
    # It takes v6 away from the environment that the others share.
    items.sort(key=lambda item: item.path.name == "test_versions.py")
    for item in items:
        if item.path.is_relative_to(_FOLDER):
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.timeout(_LIMIT_S))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was measured."""
    if FIGURES:
        terminalreporter.section("figures")
        for figure in FIGURES:
            terminalreporter.write_line(figure)


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The kubeconfig with all rights on the cluster under test."""
    named = os.environ.get("KUBECONFIG", "~/.kube/config")
    path = Path(named.split(os.pathsep)[0]).expanduser()
    assert path.is_file(), f"there is no kubeconfig {path}: set KUBECONFIG (k8s/setup.sh makes one)"
    assert shutil.which("kubectl"), "kubectl is not installed"
    return path


@pytest.fixture
def namespace(kubeconfig: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of this test's own."""
    name = f"test-{abs(hash(request.node.nodeid)) % 10**8}"
    kubectl = Kubectl(kubeconfig, "default")
    kubectl.run("create", "namespace", name)
    yield name
    kubectl.run("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def image_tag(project: Path) -> str:
    """The tag of the images under test."""
    if named := os.environ.get("WEIGHBRIDGE_IMAGE_TAG"):
        return named
    head = ["git", "rev-parse", "HEAD"]
    return subprocess.run(
        head, cwd=project, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture(scope="session")
def services(new_stack: NewStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The hybrid services: PostgreSQL, MLflow and S3 of this machine, open to pods."""
    home = tmp_path_factory.mktemp("services") / ".weighbridge"
    stack = new_stack(home, WEIGHBRIDGE_BIND="0.0.0.0", WEIGHBRIDGE_TRAINING_ROWS="8000")
    try:
        done = stack.make("up")
        assert done.returncode == 0, done.stdout + done.stderr
        yield stack
    finally:
        stack.make("down")


@pytest.fixture(scope="session")
def host(
    kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory, held_ports: HeldPorts
) -> Iterator[GitHost]:
    """A Git host that Argo CD reads."""
    on_kind = Kubectl(kubeconfig, "default").is_kind()
    seen_as = os.environ.get(
        "WEIGHBRIDGE_HOST_FROM_ARGOCD", "host.docker.internal" if on_kind else "127.0.0.1"
    )
    with git_host(tmp_path_factory.mktemp("git"), held_ports(), seen_as) as host:
        yield host


@pytest.fixture(scope="session")
def checkout(
    project: Path,
    host: GitHost,
    services: Stack,
    kubeconfig: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Checkout:
    """A clone of this very tree, for one who works on the cluster under test."""
    folder = tmp_path_factory.mktemp("checkout") / "weighbridge"
    copy_tree(project, folder)
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    mine = {"PATH": programs, "WEIGHBRIDGE_TARGET": _TARGET, "KUBECONFIG": str(kubeconfig)}
    checkout = Checkout(folder, {**services.environment, **mine})
    checkout.git("init", "--quiet", "--initial-branch=main")
    checkout.git("remote", "add", "origin", host.url)
    checkout.git("config", "user.name", "Ada Hand")
    checkout.git("config", "user.email", "ada@example.org")
    # A cluster of this name would be kind's; the one under test is whatever is current.
    checkout.edit("environments.yaml", (r"context: kind-weighbridge, ", ""))
    checkout.git("add", "--all")
    checkout.git("commit", "--quiet", "--message=Begin")
    checkout.git("push", "--quiet", "--set-upstream", "origin", "main")
    return checkout


@pytest.fixture(scope="session")
def kind(
    checkout: Checkout,
    services: Stack,
    host: GitHost,
    kubeconfig: Path,
    image_tag: str,
    rows: list[dict[str, object]],
) -> Iterator[ClusterEnvironment]:
    """The environment `kind`, with its services on this machine: from nothing to serving."""
    kubectl = Kubectl(kubeconfig, "mlops-production")
    assert not kubectl.exists("namespace", kubectl.namespace), "the cluster has to be empty"
    variables = services.environment
    use_ports_of(checkout, variables)
    checkout.push("Name this machine's services")
    for version in ("6", "7"):
        checkout.weighbridge("model", "pin", f"v{version}", "--version", version, "-e", "kind")
    checkout.weighbridge("image", "set", image_tag, "-e", "kind")
    checkout.pull()

    begun = time.monotonic()
    try:
        create_secrets(kubectl, variables)
        application = create_application(checkout, kubectl, "kind", host.argocd_url)
        application.wait_synced(checkout.head(), within_s=180)
        note(f"empty cluster -> serving: {time.monotonic() - begun:.0f} s")
        database = variables["WEIGHBRIDGE_DATABASE_URL"]
        yield ClusterEnvironment(
            "kind", kubectl, application, host, checkout, _TARGET, database, rows
        )
    finally:
        remove_environment(kubectl, "kind")


@pytest.fixture
def webhook(host: GitHost, kubeconfig: Path) -> Iterator[None]:
    """Pushes are told to Argo CD, as argocd/README.md explains for a real Git host."""
    kubectl = Kubectl(kubeconfig, "argocd")
    port = 30081 if kubectl.is_kind() else 18080
    argocd = os.environ.get("WEIGHBRIDGE_ARGOCD_URL", f"http://127.0.0.1:{port}")
    if kubectl.exists("secret", "argocd-webhook"):
        encoded = kubectl.get("secret", "argocd-webhook")["data"]["github"]
        host.secret = base64.b64decode(encoded).decode()
    host.webhook = f"{argocd}/api/webhook"
    yield
    host.webhook = None
