"""Each dependency is explained in the README, and each import is a declared dependency."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOMS = [
    "cli",
    "client",
    "envoy",
    "predictionlog",
    "protos",
    "rollout",
    "server",
    "stack",
    "training",
]


def declared(pyproject: Path) -> set[str]:
    data = tomllib.loads(pyproject.read_text())
    groups = data.get("dependency-groups", {}).values()
    lines = [*data["project"]["dependencies"], *(line for group in groups for line in group)]
    return {re.split(r"[\[<>=!~ ]", line)[0].lower().replace("_", "-") for line in lines}


def test_the_readme_says_why_each_dependency_is_there(project: Path) -> None:
    readme = (project / "README.md").read_text()
    names = set().union(*(declared(project / room / "pyproject.toml") for room in ROOMS))
    names |= declared(project / "pyproject.toml")
    ours = {name for name in names if name.startswith("weighbridge")}
    unexplained = {
        name
        for name in names - ours
        if not name.startswith("types-") and not re.search(rf"(?<![\w-]){name}(?![\w-])", readme)
    }
    assert not unexplained


@pytest.mark.parametrize("room", ROOMS)
def test_what_a_room_imports_it_declares(room: str, project: Path) -> None:
    known = packages_distributions()
    allowed = declared(project / room / "pyproject.toml")
    own = {path.name for path in (project / room).iterdir() if path.is_dir()}
    for path in sorted((project / room).rglob("*.py")):
        if path.name == "grpc_python_plugin.py":  # a tool of the developers, not of the package
            continue
        for name in imported(path) - own - set(sys.stdlib_module_names) - {"google", "logistics"}:
            found = known.get(name, [name])  # our own rooms are installed as links
            distributions = {one.lower().replace("_", "-") for one in found}
            assert distributions & allowed, f"{path} imports {name}: declare {distributions}"


def imported(path: Path) -> set[str]:
    """Name what is imported at run time, at the top or in a function."""
    names: set[str] = set()
    tree = ast.parse(path.read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            names |= {one.name.split(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names
