"""The images that overlays name can be built: by a commit of the history, with a Dockerfile."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.manifests import OVERLAYS

_FOLDERS = {"services": "stack"}
_IMAGE = re.compile(r"newName: \S+/weighbridge-(\w+), newTag: \"?([0-9a-f]{40})")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_tag_is_a_commit_with_a_dockerfile(overlay: str, project: Path) -> None:
    if _git(project, "rev-parse", "--is-shallow-repository").stdout.strip() == "true":
        pytest.skip("a shallow clone does not know older commits")
    text = (project / "k8s" / "overlays" / overlay / "kustomization.yaml").read_text()
    named = set(_IMAGE.findall(text))
    assert named
    for image, commit in named:
        assert not _git(project, "merge-base", "--is-ancestor", commit, "HEAD").returncode, commit
        dockerfile = f"{commit}:{_FOLDERS.get(image, image)}/Dockerfile"
        assert not _git(project, "cat-file", "-e", dockerfile).returncode, dockerfile


def _git(project: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["git", *arguments], cwd=project, capture_output=True, text=True, check=False
    )
