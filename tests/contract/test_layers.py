"""Imports go down the list of the design only; neighbours on a level do not import each other."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

# Package → level; a package may import those of lower levels.
LEVELS = {
    "weighbridge_stack": 5,
    "weighbridge_cli": 5,
    "weighbridge_console": 4,
    "weighbridge_rollout": 3,
    "weighbridge": 2,
    "weighbridge_server": 2,
    "weighbridge_training": 2,
    "weighbridge_predictionlog": 1,
    "weighbridge_ingress": 1,
    "logistics": 0,
}
# Inside the server a request goes one way, and so do the imports.
SERVER_ROOMS = ["transport", "inference", "models"]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def sources(tracked_sources: list[Path], package: str) -> list[Path]:
    return [path for path in tracked_sources if package in path.parts and "tests" not in path.parts]


@pytest.mark.parametrize("package", LEVELS)
def test_imports_go_down(package: str, tracked_sources: list[Path]) -> None:
    for path in sources(tracked_sources, package):
        for name in imported(path):
            other = name.split(".")[0]
            if other in LEVELS and other != package:
                assert LEVELS[other] < LEVELS[package], f"{path} imports {name}"


def test_every_package_has_a_level(tracked_sources: list[Path], project: Path) -> None:
    packages = {
        path.parent.name
        for path in tracked_sources
        if path.name == "__init__.py" and len(path.relative_to(project).parts) == 3
    }
    assert packages - {"tests"} <= set(LEVELS)


@pytest.mark.parametrize("room", SERVER_ROOMS)
def test_the_server_imports_rightwards(room: str, tracked_sources: list[Path]) -> None:
    allowed = SERVER_ROOMS[SERVER_ROOMS.index(room) :]
    found = [path for path in sources(tracked_sources, "weighbridge_server") if room in path.parts]
    assert found, room
    for path in found:
        for name in imported(path):
            parts = name.split(".")
            if parts[0] == "weighbridge_server" and len(parts) > 1 and parts[1] in SERVER_ROOMS:
                assert parts[1] in allowed, f"{path} imports {name}"


def test_only_the_rooms_of_the_design_know_what_a_shipment_is(
    tracked_sources: list[Path], project: Path
) -> None:
    may = ("training", "client", "tests", "server/weighbridge_server/transport/delay", "cli")
    for path in tracked_sources:
        inside = str(path.relative_to(project))
        if not inside.startswith(may):
            assert "shipment" not in path.read_text().lower().replace("shipments.csv", ""), inside
