"""What CI decides: how much a range of commits needs, and whether an image is overtaken."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

NOTHING = "0" * 40
TREE = {
    "README.md": "hello\n",
    "envoy/traffic/kind/traffic.yaml": "percent: 0\n",
    "envoy/traffic/staging/traffic.yaml": "percent: 0\n",
    "envoy/traffic/kind/rollout.yaml": "steps: 1\n",
    "envoy/traffic/kind/model-v7.yaml": "sha: 1\n",
    "envoy/traffic/kind/deep/traffic.yaml": "percent: 0\n",
    "k8s/overlays/staging/kustomization.yaml": "images: []\n",
    "k8s/overlays/staging/patch.yaml": "a: 1\n",
}


class Repository:
    """A repository with one commit of the tree above."""

    def __init__(self, folder: Path, scripts: Path) -> None:
        self.folder = folder
        self._scripts = scripts
        self.git("init", "--quiet", "--initial-branch=main")
        self.base = self.commit(**TREE)

    def git(self, *arguments: str) -> str:
        names = {
            f"GIT_{role}_{what}": "ada@example.org"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=os.environ | names | {"GIT_CONFIG_GLOBAL": os.devnull},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, **files: str | None) -> str:
        """Write the files (None: remove), commit, and return the commit."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=change")
        return self.git("rev-parse", "HEAD")

    def run(self, script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self._scripts / script, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def changed(self, base: str, head: str = "HEAD") -> str:
        done = self.run("changed", base, head)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, project: Path) -> Repository:
    return Repository(tmp_path, project / ".ci")


KIND = "envoy/traffic/kind/"
STAGING = "k8s/overlays/staging/"


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({KIND + "traffic.yaml": "percent: 10\n"}, "traffic"),
        ({KIND + "rollout.yaml": "steps: 2\n"}, "traffic"),
        ({KIND + "traffic.yaml": "x\n", "envoy/traffic/staging/traffic.yaml": "x\n"}, "traffic"),
        ({STAGING + "kustomization.yaml": "images: [1]\n"}, "release"),
        ({KIND + "traffic.yaml": "x\n", STAGING + "kustomization.yaml": "x\n"}, "release"),
        ({STAGING + "kustomization.yaml": "x\n", "zoo.py": "x\n"}, "code"),
        ({KIND + "traffic.yaml": "x\n", "README.md": "x\n"}, "code"),
        ({"README.md": "x\n", KIND + "traffic.yaml": "x\n", "zoo.py": "x\n"}, "code"),
        ({KIND + "model-v7.yaml": "sha: 2\n"}, "code"),
        ({KIND + "deep/traffic.yaml": "x\n"}, "code"),
        ({STAGING + "patch.yaml": "a: 2\n"}, "code"),
        ({"envoy/traffic/new/traffic.yaml": "percent: 0\n"}, "code"),
        ({KIND + "traffic.yaml": None}, "code"),
        ({"envoy/traffic/kind/a\tb/traffic.yaml": "x\n"}, "code"),
        ({"other/envoy/traffic/kind/traffic.yaml": "x\n"}, "code"),
        ({}, "code"),
    ],
)
def test_a_range_is_what_its_files_are(
    files: dict[str, str | None], kind: str, repository: Repository
) -> None:
    repository.commit(**files)
    assert repository.changed(repository.base) == kind


def test_every_commit_of_the_range_counts(repository: Repository) -> None:
    repository.commit(**{"zoo.py": "x\n"})
    repository.commit(**{KIND + "traffic.yaml": "percent: 10\n"})
    assert repository.changed(repository.base) == "code"
    assert repository.changed("HEAD^") == "traffic"


def test_what_is_taken_back_within_the_range_counts_for_nothing(repository: Repository) -> None:
    repository.commit(**{"README.md": "x\n"})
    repository.commit(**{"README.md": TREE["README.md"], KIND + "traffic.yaml": "percent: 10\n"})
    assert repository.changed(repository.base) == "traffic"


def test_a_file_that_becomes_a_link_is_no_value(repository: Repository) -> None:
    path = repository.folder / KIND / "traffic.yaml"
    path.unlink()
    path.symlink_to("/etc/passwd")
    repository.commit()
    assert repository.changed(repository.base) == "code"


@pytest.mark.parametrize("base", [NOTHING, "f" * 40, ""])
def test_a_range_that_cannot_be_told_needs_everything(base: str, repository: Repository) -> None:
    assert repository.changed(base) == "code"


def overlay(tag: str) -> dict[str, str]:
    images = f"images:\n- {{name: serving-api-v6, newName: weighbridge-server, newTag: {tag}}}\n"
    return {STAGING + "kustomization.yaml": images}


@pytest.mark.parametrize("quote", ["", '"'])
def test_an_older_image_is_overtaken(quote: str, repository: Repository) -> None:
    older = repository.commit(**{"zoo.py": "1\n"})
    newer = repository.commit(**{"zoo.py": "2\n"})
    repository.commit(**overlay(f"{quote}{newer}{quote}"))
    done = repository.run("overtaken", older, STAGING + "kustomization.yaml")
    assert done.returncode == 0
    assert f"already has {newer}, which holds {older}" in done.stdout


def test_a_newer_image_is_not(repository: Repository) -> None:
    older = repository.commit(**{"zoo.py": "1\n"})
    repository.commit(**overlay(older))
    newer = repository.commit(**{"zoo.py": "2\n"})
    for sha in (newer, older):
        assert repository.run("overtaken", sha, STAGING + "kustomization.yaml").returncode == 1


@pytest.mark.parametrize("tag", ["1.2.3", "e" * 40, "0" * 41])
def test_a_tag_that_is_no_commit_of_ours_overtakes_nothing(
    tag: str, repository: Repository
) -> None:
    repository.commit(**overlay(tag))
    done = repository.run("overtaken", repository.base, STAGING + "kustomization.yaml")
    assert (done.returncode, done.stderr) == (1, "")


def test_an_image_is_of_its_commit(repository: Repository) -> None:
    repository.commit(**{".dockerignore": "*\n!server\n!uv.lock\n", "server/a.py": "1\n"})
    (repository.folder / "README.md").write_text("not in an image\n")
    assert repository.run("committed").returncode == 0

    (repository.folder / "server" / "new.py").write_text("2\n")
    done = repository.run("committed")
    assert done.returncode == 1
    assert "?? server/new.py\n" in done.stderr
    assert "WEIGHBRIDGE_IMAGE_TAG" in done.stderr


Needs = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def needs(project: Path, tmp_path: Path) -> Needs:
    """Ask on a machine that has sh alone."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").symlink_to("/bin/sh")

    def needs(*names: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [project / ".ci" / "needs", *names],
            env={"PATH": str(tmp_path / "bin")},
            capture_output=True,
            text=True,
            check=False,
        )

    return needs


def test_a_missing_program_has_a_line_that_says_where_it_is(needs: Needs) -> None:
    done = needs("go", "sh", "kubectl")
    assert done.returncode == 1
    go, kubectl = done.stderr.splitlines()
    assert go.startswith("go is missing. Install it: Go 1.25 or newer, https://go.dev/dl/")
    assert kubectl.startswith("kubectl is missing. Install it: ")


def test_a_machine_that_has_them_says_nothing(needs: Needs) -> None:
    done = needs("sh")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
