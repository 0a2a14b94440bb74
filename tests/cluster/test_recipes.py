"""Recipes of k8s/README.md that no other test follows, word for word."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.environment import ClusterEnvironment
from tests.cluster.recipes import follow, recipe
from tests.counting import eventually
from tests.load import send
from weighbridge import Client

_SHIPMENTS = "python -m weighbridge_training --rows 2000 --save-data shipments.csv"


@pytest.fixture
def shipments(kind: ClusterEnvironment) -> Iterator[ClusterEnvironment]:
    """The environment, with the file that the recipes send."""
    kind.checkout.pull()
    kind.checkout.shell(_SHIPMENTS)
    yield kind
    for made in ("shipments.csv", "predictions.csv"):
        (kind.checkout.folder / made).unlink(missing_ok=True)


def test_strategy_2_a_split(shipments: ClusterEnvironment) -> None:
    follow(shipments, recipe("2. A split"))
    assert all(one == {"v6": 900, "v7": 100} for one in shipments.weights())
    shipments.checkout.pull()


def test_strategy_3_a_canary(shipments: ClusterEnvironment) -> None:
    follow(shipments, recipe("3. A canary"))
    assert all(one == {"v6": 0, "v7": 1000} for one in shipments.weights())
    assert send(shipments.target, shipments.rows[:50]).versions == {"v7": 50}
    shipments.checkout.pull()


def test_strategy_4_by_header(shipments: ClusterEnvironment, tmp_path: Path) -> None:
    shipments.set("0")
    lines = [line.replace("~/weighbridge-keys", str(tmp_path)) for line in recipe("4. By header")]
    before, after = lines[:4], lines[4:]
    follow(shipments, before)
    printed = shipments.checkout.shell(
        "\n".join(after).replace("127.0.0.1:30080", shipments.target)
    )
    assert '"v7"' in printed or '"7"' in printed

    with Client(shipments.target) as client:
        assert client.model().model.version == "6"


def test_a_new_release_one_deployment_first(
    kind: ClusterEnvironment, next_release: str, image_tag: str
) -> None:
    kind.checkout.pull()
    lines = [
        line.replace('"$(git rev-parse HEAD)"', next_release) for line in recipe("A new release")
    ]
    first, wait, both = lines
    with kind.under_load() as counted:
        follow(kind, [first])
        kind.application.wait_synced(kind.host.tip(), healthy=False)
        follow(kind, [wait])
        assert images(kind, "v7") == {next_release}
        assert images(kind, "v6") == {image_tag}
        follow(kind, [both])
        kind.application.wait_synced(kind.host.tip(), within_s=120)
        assert images(kind, "v6") == {next_release}
    kind.assert_none_lost(counted, "a new release, one Deployment first")

    kind.checkout.pull()
    follow(kind, recipe("Back."))
    kind.application.wait_synced(kind.host.tip(), within_s=120)

    def are_back() -> None:
        assert images(kind, "v6") == {image_tag}

    eventually(are_back, within_s=90)
    kind.checkout.weighbridge("image", "set", image_tag, "-e", "kind")
    kind.application.wait_synced(kind.host.tip(), within_s=120)


@pytest.fixture
def next_release(project: Path, image_tag: str) -> str:
    """The server's image of another commit, brought to the cluster as the first one was."""
    build = os.environ.get("WEIGHBRIDGE_IMAGE_BUILD", ".ci/kind-image")
    tag = hashlib.sha1(image_tag.encode(), usedforsecurity=False).hexdigest()
    for image in ("server", "rollout"):
        subprocess.run(
            ["make", f"image-{image}", f"IMAGE_BUILD={build}", f"WEIGHBRIDGE_IMAGE_TAG={tag}"],
            cwd=project,
            check=True,
            capture_output=True,
            timeout=240,
        )
    return tag


def images(kind: ClusterEnvironment, version: str) -> set[str]:
    """Return the tags that a version's pods run."""
    return {
        container["image"].rpartition(":")[2]
        for pod in kind.pods(version)
        for container in pod["spec"]["containers"]
    }
