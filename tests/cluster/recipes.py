"""The recipes of k8s/README.md, followed word for word."""

from pathlib import Path

from tests.cluster.environment import ClusterEnvironment
from tests.pages import commands_after

_README = Path(__file__).parents[2] / "k8s" / "README.md"


def recipe(title: str) -> list[str]:
    """Return the lines of the first block of commands after a paragraph that begins so."""
    return commands_after(_README, title)


def follow(kind: ClusterEnvironment, lines: list[str]) -> None:
    """Type the lines, one after the other; after a push, wait until Argo CD has applied it.

    A person waits there too: for Argo CD to look by itself, or for the Git host to tell it.
    """
    for line in lines:
        kind.checkout.shell(line)
        if "git push" in line:
            kind.application.wait_synced(kind.checkout.head(), within_s=60, healthy=False)
