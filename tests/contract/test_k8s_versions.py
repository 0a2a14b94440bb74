"""A version comes and goes by k8s/version.sh, in every file that knows of versions."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.manifests import OVERLAYS, Render, render


@pytest.fixture
def tree(project: Path, tmp_path: Path) -> Path:
    """A copy of the folders that say what runs."""
    for folder in ("k8s", "envoy", "protos"):
        shutil.copytree(project / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.py"))
    return tmp_path


def version(tree: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(tree / "k8s" / "version.sh"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def change(tree: Path, *arguments: str) -> None:
    done = version(tree, *arguments)
    assert done.returncode == 0, done.stderr


def check(tree: Path) -> None:
    """Let the agents' own rules judge, and Envoy itself."""
    command = [sys.executable, "-m", "weighbridge_ingress", "check", "envoy"]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def texts(tree: Path) -> dict[str, str]:
    files = (path for path in tree.rglob("*") if path.suffix in {".yaml", ".json"})
    return {str(path.relative_to(tree)): path.read_text() for path in sorted(files)}


def renders(tree: Path) -> dict[str, Render]:
    return {name: render(tree / "k8s" / "overlays" / name) for name in OVERLAYS}


def versions(render: Render) -> set[str]:
    labels = (pod.labels.get("weighbridge.dev/version") for pod in render.pods())
    return {label for label in labels if label}


def give_calls_to(tree: Path, stable: str, canary: str) -> None:
    for file in (tree / "envoy" / "traffic").glob("*/traffic.yaml"):
        text = re.sub(r"(?m)^  stable: \w+", f"  stable: {stable}", file.read_text())
        text = re.sub(r"(?m)^  canary: \w+", f"  canary: {canary}", text)
        file.write_text(text)


def test_v8_comes_and_v6_goes(tree: Path) -> None:
    before = renders(tree)
    change(tree, "add", "v8")
    check(tree)
    for name, after in renders(tree).items():
        assert versions(after) == {"v6", "v7", "v8"}
        assert_like_v7(after)
        for one in before[name].of("Service", "PodDisruptionBudget", "HorizontalPodAutoscaler"):
            assert one in after.objects

    give_calls_to(tree, "v7", "v8")
    change(tree, "retire", "v6")
    check(tree)
    for after in renders(tree).values():
        assert versions(after) == {"v7", "v8"}
        assert "v6" not in re.findall(r"\bv\d+\b", str(after.objects))


def assert_like_v7(render: Render) -> None:
    """v8 has all that v7 has, and a pin of its own that is still empty."""
    for kind in ("Deployment", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler"):
        names = {name for name in render.names(kind) if name.startswith("serving-api-v")}
        assert ("serving-api-v7" in names) == ("serving-api-v8" in names), kind
    old = str(render.one("Deployment", "serving-api-v7"))
    assert str(render.one("Deployment", "serving-api-v8")) == re.sub(r"\bv7\b", "v8", old)
    pin = render.one("ConfigMap", "model-v8")["data"]
    assert pin == dict.fromkeys(render.one("ConfigMap", "model-v7")["data"], "")


def test_environments_without_a_pin_are_named_last(tree: Path) -> None:
    pin = tree / "envoy" / "traffic" / "kind" / "model-v8.yaml"
    pin.write_text("# filled in before\n")
    done = version(tree, "add", "v8")
    assert done.returncode == 0
    last = done.stdout.splitlines()[-1]
    assert last.startswith("v8 would not start in: production staging. Before the push, ")


def test_a_version_that_was_not_wanted_leaves_nothing(tree: Path) -> None:
    before = texts(tree)
    change(tree, "add", "v8")
    change(tree, "retire", "v8")
    assert texts(tree) == before


def test_a_model_of_ones_own_starts_with_versions_of_its_own(tree: Path) -> None:
    before = renders(tree)
    change(tree, "start", "v1", "v2")
    check(tree)
    assert not {file for file, text in texts(tree).items() if re.search(r"\bv[67]\b", text)} - {
        "k8s/base/traffic-policy.yaml"  # where v7 is an example in a message
    }
    for name, after in renders(tree).items():
        assert versions(after) == {"v1", "v2"}
        assert len(after.objects) == len(before[name].objects)
        assert after.one("ConfigMap", "traffic")["data"] == {
            "stable": "v1",
            "canary": "v2",
            "canary-percent": "0",
            "shadow-percent": "0",
        }
    pin = (tree / "envoy" / "traffic" / "kind" / "model-v2.yaml").read_text()
    assert "`weighbridge model pin v2 --version 2 -e kind`" in pin


def test_versions_of_ones_own_come_and_go_as_others_do(tree: Path) -> None:
    change(tree, "start", "v1", "v2")
    change(tree, "add", "v3")
    check(tree)
    give_calls_to(tree, "v2", "v3")
    change(tree, "retire", "v1")
    check(tree)
    for after in renders(tree).values():
        assert versions(after) == {"v2", "v3"}


def test_versions_that_serve_are_not_renamed(tree: Path) -> None:
    pin = tree / "envoy" / "traffic" / "staging" / "model-v6.yaml"
    pin.write_text(pin.read_text().replace('MODEL_NAME: ""', "MODEL_NAME: Somebody's"))
    before = texts(tree)
    done = version(tree, "start", "v1", "v2")
    assert done.returncode == 1
    assert "envoy/traffic/staging/model-v6.yaml" in done.stderr
    assert "these files pin models" in done.stderr
    assert texts(tree) == before


def test_a_pin_that_is_there_already_is_kept(tree: Path) -> None:
    pin = tree / "envoy" / "traffic" / "kind" / "model-v8.yaml"
    pin.write_text("# filled in before\n")
    change(tree, "add", "v8")
    assert pin.read_text() == "# filled in before\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "usage: "),
        (("add",), "usage: "),
        (("add", "8"), "usage: "),
        (("drop", "v6"), "usage: "),
        (("add", "v7"), "v7 is there already"),
        (("retire", "v9"), "there is no v9; there are v6 v7"),
        (("retire", "v6"), "two versions are the least"),
        (("start", "v1"), "usage: "),
        (("start", "v2", "v1"), "usage: "),
        (("start", "v5", "v6"), "v6 is there already"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    arguments: tuple[str, ...], said: str, tree: Path
) -> None:
    before = texts(tree)
    done = version(tree, *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert texts(tree) == before


def test_a_version_with_calls_stays(tree: Path) -> None:
    change(tree, "add", "v8")
    before = texts(tree)
    done = version(tree, "retire", "v6")
    assert done.returncode == 1
    assert "envoy/traffic/kind/traffic.yaml" in done.stderr
    assert "give calls to v6" in done.stderr
    assert texts(tree) == before


def test_shellcheck_has_nothing_to_say(project: Path) -> None:
    program = Path(sys.executable).parent / "shellcheck"
    script = project / "k8s" / "version.sh"
    done = subprocess.run([program, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
