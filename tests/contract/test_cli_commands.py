"""The README knows every command, and the help page waits for nothing."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from weighbridge_cli._app import app
from weighbridge_cli._main import ROOMS

HEAVY = ("grpc", "mlflow", "boto3", "numpy", "onnxruntime", "ruamel.yaml", "rich", "pydantic")


def commands(command: Any, path: tuple[str, ...] = ("weighbridge",)) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield " ".join(path), command
    for name, child in (children or {}).items():
        yield from commands(child, (*path, name))


def test_the_readme_shows_every_command_and_option(project: Path) -> None:
    text = (project / "cli" / "README.md").read_text()
    found = dict(commands(typer.main.get_command(app)))
    assert len(found) >= 10
    for path, command in found.items():
        assert path in text, path
        for parameter in command.params:
            if parameter.param_type_name == "option" and parameter.name != "help":
                assert parameter.opts[0] in text, f"{path} {parameter.opts[0]}"


def test_every_command_and_option_explains_itself() -> None:
    for path, command in commands(typer.main.get_command(app)):
        assert command.help, path
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{path} {parameter.name}"


def test_the_errors_of_every_room_behind_a_command_are_told_without_a_traceback(
    project: Path,
) -> None:
    sources = "".join(path.read_text() for path in (project / "cli").rglob("*.py"))
    imported = set(re.findall(r"^\s*(?:from|import) (weighbridge\w*)", sources, re.MULTILINE))
    assert "weighbridge_predictionlog" in imported
    assert imported == ROOMS


def test_nothing_heavy_is_imported_before_a_command_runs() -> None:
    script = (
        f"import sys, weighbridge_cli\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
