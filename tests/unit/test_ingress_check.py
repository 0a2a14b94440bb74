"""`check` finds each mistake that Envoy itself would take."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from weighbridge_ingress import check_file, check_folder

if TYPE_CHECKING:
    from pathlib import Path

_DESCRIPTORS = "protos/logistics/delay/v1/descriptors.binpb"

# The file, what is replaced in it (everywhere), by what, and the rule that must be named.
ROUTES, BOOTSTRAP = "routes.yaml", "bootstrap.yaml"
STAGING = "traffic/staging/kustomization.yaml"
MISTAKES = {
    "a weight by hand": (ROUTES, "weight: 1000", "weight: 900", "all-on-stable"),
    "a stale revision": (ROUTES, "0bd96fa9c055", "000000000000", "all-on-stable"),
    "a template at 10 %": (ROUTES, 'percent: "0"', 'percent: "10"', "all-on-stable"),
    "unknown clusters pass": (ROUTES, "validate_clusters: true", "", "validate_clusters"),
    "a forgeable route": (ROUTES, "key: x-route,", "key: x-rout,", "forgery"),
    "a match on grpc": (ROUTES, "{prefix: /}", "{prefix: /, grpc: {}}", "grpc-match"),
    "any content type": (ROUTES, "headers: [*posted, *grpc]", "headers: [*posted]", "not-a-call"),
    "a pin for all": (ROUTES, "jwt_authn:", "cors:", "credential"),
    "a pin elsewhere": (ROUTES, "serving-api-v7", "serving-api-v6", "pin"),
    "an unnamed version": (ROUTES, "known: v6, v7", "known: v6", "pin"),
    "no sticky users": (ROUTES, "use_hash_policy: true", "use_hash_policy: false", "sticky"),
    "not for Envoy": (ROUTES, "num_retries: 3", "num_retires: 3", "envoy"),
    "no YAML": (ROUTES, "resources:", "resources: [", "yaml"),
    "no resources": (ROUTES, "resources:", "resource:", "template"),
    "an open admin": (BOOTSTRAP, "127.0.0.1, port", "0.0.0.0, port", "admin"),
    "a guard left out": (BOOTSTRAP, "http.rbac\n", "http.cors\n", "filter-order"),
    "no fall-back": (BOOTSTRAP, "v7, serving-api-v6]", "v7]", "fall-back"),
    "a lost cluster": (BOOTSTRAP, "v6, serving-api-v7]", "v6, serving-api-v8]", "fall-back"),
    "default retries": (BOOTSTRAP, ", max_retries: 1024", "", "retries"),
    "panic": (BOOTSTRAP, "{value: 0}", "{value: 50}", "panic"),
    "a fall-back too early": (BOOTSTRAP, "policy: *while", "other: *while", "partly-healthy"),
    "a wrong label": (BOOTSTRAP, "{version: v7}}", "{version: v6}}", "served-by"),
    "a bad traffic file": ("traffic/local/traffic.yaml", '"10"', '"ten"', "canary-percent"),
    "no key for pins": ("traffic/staging/jwks.json", '"keys": [', '"keys": [], "old": [', "envoy"),
    "a version without its pin": (STAGING, "- model-v7.yaml", "", "model"),
    "a pin without its version": (STAGING, "- model-v7", "- model-v7.yaml\n- model-v8", "model"),
    "no list of resources": (STAGING, "resources:", "resources: [", "yaml"),
}

# One piece of a new version, and what `check` then asks for by its name.
STRICT = "  - name: serving-api-v8\n    connect_timeout: 1s\n    load_assignment: {endpoints: []}\n"
AGGREGATE = """\
  - name: v8
    lb_policy: CLUSTER_PROVIDED
    cluster_type:
      name: envoy.clusters.aggregate
      typed_config: {clusters: [serving-api-v8, serving-api-v7]}
"""
PIN = """\
    - name: pin-v8
      match: {prefix: /, headers: [{name: x-model-version, string_match: {exact: v8}}]}
      route: {cluster: serving-api-v8}
"""
ALL = {
    "its strict cluster serving-api-v8",
    "its aggregate cluster v8",
    "a pin route to serving-api-v8",
    "the refusal must name v6, v7, v8",
    "model-v8.yaml in resources",
    "weighbridge model pin v8 -e kind",
    "weighbridge model pin v8 -e staging",
    "weighbridge model pin v8 -e production",
}
PIECES = {
    "a strict cluster": (
        BOOTSTRAP,
        "  - name: nowhere",
        STRICT,
        "its strict cluster serving-api-v8",
    ),
    "an aggregate": (BOOTSTRAP, "  - name: nowhere", AGGREGATE, "its aggregate cluster v8"),
}


@pytest.fixture
def folder(tmp_path: Path, project: Path) -> Path:
    copy = tmp_path / "envoy"
    for path in (project / "envoy").rglob("*.*"):
        if path.suffix in {".yaml", ".json"}:
            target = copy / path.relative_to(project / "envoy")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return copy


def test_the_project_passes(project: Path) -> None:
    command = [sys.executable, "-m", "weighbridge_ingress", "check", "envoy"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place(name: str, folder: Path, project: Path) -> None:
    file, good, bad, rule = MISTAKES[name]
    text = (folder / file).read_text()
    assert good in text
    (folder / file).write_text(text.replace(good, bad))
    problems = check_folder(folder, project / _DESCRIPTORS)
    assert rule in {problem.rule for problem in problems}, problems
    assert all(problem.line >= 1 and problem.message for problem in problems)


def insert(file: Path, before: str, text: str) -> None:
    content = file.read_text()
    assert content.count(before) == 1
    file.write_text(content.replace(before, text + before))


@pytest.mark.parametrize("piece", PIECES)
def test_one_piece_of_a_new_version_asks_for_all_others(
    piece: str, folder: Path, project: Path
) -> None:
    file, before, text, itself = PIECES[piece]
    insert(folder / file, before, text)
    said = "\n".join(map(str, check_folder(folder, project / _DESCRIPTORS)))
    assert {one for one in ALL if one in said} == ALL - {itself}, said
    assert said.count("model-v8.yaml in resources") == 3


def test_a_pin_route_without_clusters_is_told(folder: Path, project: Path) -> None:
    insert(folder / ROUTES, "    - name: pin-v7\n", PIN)
    said = "\n".join(map(str, check_folder(folder, project / _DESCRIPTORS)))
    assert "v8 has a pin route, but bootstrap.yaml has no clusters serving-api-v8" in said


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    problems = check_file(tmp_path / "traffic.yaml")
    assert [problem.rule for problem in problems] == ["missing-file"]


@pytest.mark.parametrize(
    "text",
    ["[" * 3000, "!!bool x", r'"\UFFFFFFFF"'],
    ids=["nested too deeply", "no truth value", "no character"],
)
def test_a_text_that_the_parser_trips_over_is_a_problem(text: str, tmp_path: Path) -> None:
    file = tmp_path / "traffic.yaml"
    file.write_text(f"data: {text}\n")
    (problem,) = check_file(file)
    assert problem.rule == "yaml"
    assert str(problem).startswith(f"{file}:1: yaml: cannot be read as YAML: ")


def test_keys_without_a_place_of_their_own_are_told_by_the_line_above(tmp_path: Path) -> None:
    file = tmp_path / "traffic.yaml"
    file.write_text("kind: ConfigMap\ndata: !!omap [color: red]\n")
    said = list(map(str, check_file(file)))
    assert any(one.startswith(f"{file}:2: unknown-key: color") for one in said), said


def test_a_version_is_looked_for_among_those_given_else_in_the_trees_bootstrap(
    folder: Path, tmp_path: Path
) -> None:
    file = folder / "traffic" / "local" / "traffic.yaml"
    assert check_file(file) == []
    assert [problem.rule for problem in check_file(file, ["v6", "v8"])] == ["unknown-version"]
    file.write_text(file.read_text().replace("canary: v7", "canary: v8"))
    (problem,) = check_file(file)
    assert (problem.rule, problem.line) == ("unknown-version", 9)
    assert problem.message.endswith("known: v6, v7")
    alone = tmp_path / "traffic.yaml"
    shutil.copy(file, alone)
    assert check_file(alone) == []
    (folder / "bootstrap.yaml").write_text("static_resources: 1")
    assert [problem.rule for problem in check_file(file)] == ["template"]
