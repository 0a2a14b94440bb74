"""Each dependency is explained in the README, and each import is a declared dependency."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.rooms import ROOMS


def distribution(line: str) -> str:
    return re.split(r"[\[<>=!~ ]", line)[0].lower().replace("_", "-")


def declared(pyproject: Path) -> set[str]:
    data = tomllib.loads(pyproject.read_text())
    groups = data.get("dependency-groups", {}).values()
    lines = [*data["project"]["dependencies"], *(line for group in groups for line in group)]
    return {distribution(line) for line in lines} | in_extras(pyproject)


def in_extras(pyproject: Path) -> set[str]:
    extras = tomllib.loads(pyproject.read_text())["project"].get("optional-dependencies", {})
    return {distribution(line) for lines in extras.values() for line in lines}


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


@pytest.mark.parametrize("room", ROOMS)
def test_who_asks_for_no_extra_gets_by_without_it(room: str, project: Path) -> None:
    """What others import of a room that has extras works where no package of them is installed."""
    pyproject = project / room / "pyproject.toml"
    name = tomllib.loads(pyproject.read_text())["project"]["name"]
    package, extra = name.replace("-", "_"), in_extras(pyproject)
    missing = [
        module
        for module, sources in packages_distributions().items()
        if {distribution(source) for source in sources} & extra
    ]
    plainly = [
        other for other in ROOMS if f'"{name}"' in (project / other / "pyproject.toml").read_text()
    ]
    modules = {
        module
        for other in plainly
        if other != room
        for path in (project / other).rglob("*.py")
        for module in re.findall(rf"^\s*from ({package}[.\w]*) import", path.read_text(), re.M)
    }
    if extra:
        assert missing
        assert modules, "nobody gets by without it: make it plain dependencies"
        code = f"import sys; sys.modules |= dict.fromkeys({missing}); import {', '.join(modules)}"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


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
