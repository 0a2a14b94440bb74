"""Imports go down the list of the design only; neighbours on a level do not import each other."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from logistics.delay.v1.shipment_pb2 import Shipment

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
# Where one may speak of shipments: what the design names, the command that replays a file of them,
# and what tries and measures all of it.
KNOW_SHIPMENTS = (
    "training/",
    "client/",
    "server/weighbridge_server/transport/delay/",
    "cli/weighbridge_cli/_replay.py",
    "bench/",
    "tests/",
)
# Inside the server each room or module may import itself and those that it has here. A request
# goes from transport over inference to models; what makes and keeps a model stands beside its way.
SERVER_ROOMS: dict[str, set[str]] = {
    "_beside": set(),
    "models": {"_beside"},
    "metrics": {"models"},
    "inference": {"models"},
    "transport": {"inference", "metrics", "models"},
    "following": {"_beside", "inference", "metrics", "models"},
    "shutdown": set(),
    "_source": {"following", "models"},
    "settings": {"_source", "inference"},
    "_usage": {"settings"},
    "_readme": {"_usage", "metrics"},
    "_prepare": {"_source", "inference", "metrics", "models", "settings", "transport"},
    "_main": {
        *("_prepare", "_usage", "following", "inference", "metrics"),
        *("models", "settings", "shutdown", "transport"),
    },
    "__main__": {"_main", "shutdown"},
}


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


def room_of(path: Path) -> str:
    inside = path.parts[path.parts.index("weighbridge_server") + 1]
    return inside.removesuffix(".py")


@pytest.mark.parametrize("room", SERVER_ROOMS)
def test_the_servers_rooms_import_what_they_may(room: str, tracked_sources: list[Path]) -> None:
    server = sources(tracked_sources, "weighbridge_server")
    found = [path for path in server if room_of(path) == room]
    assert found, room
    for path in found:
        for name in imported(path):
            package, _, inside = name.partition(".")
            if package == "weighbridge_server":
                other = inside.split(".")[0]
                assert other in SERVER_ROOMS[room] | {room}, f"{path} imports {name}"


def test_every_room_of_the_server_has_its_directions(tracked_sources: list[Path]) -> None:
    rooms = {room_of(path) for path in sources(tracked_sources, "weighbridge_server")}
    assert rooms - {"__init__"} == set(SERVER_ROOMS)


def test_the_directions_in_the_server_make_no_circle() -> None:
    TopologicalSorter(SERVER_ROOMS).prepare()


def test_only_the_rooms_of_the_design_know_what_a_shipment_is(
    tracked_sources: list[Path], project: Path
) -> None:
    columns = {field.name for field in Shipment.DESCRIPTOR.fields} - {"timestamp"}
    for path in tracked_sources:
        inside = str(path.relative_to(project))
        if not inside.startswith(KNOW_SHIPMENTS):
            text = path.read_text().lower()
            found = {word for word in {"shipment", "logistics", *columns} if word in text}
            assert not found, f"{inside} is for any model, and says {', '.join(sorted(found))}"


def test_each_room_that_knows_shipments_does(project: Path) -> None:
    """The list shrinks with the code."""
    for place in KNOW_SHIPMENTS:
        files = [project / place] if place.endswith(".py") else (project / place).rglob("*.py")
        assert any("shipment" in file.read_text().lower() for file in files), place
