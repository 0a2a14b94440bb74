"""What a server can be told, told by itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from weighbridge_predictionlog import variables_of
from weighbridge_server._readme import rewritten
from weighbridge_server.settings import Settings


def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    own = {name: value for name, value in os.environ.items() if "WEIGHBRIDGE" not in name}
    command = [sys.executable, "-m", "weighbridge_server", *arguments]
    return subprocess.run(
        command, env=own | variables, capture_output=True, text=True, timeout=60, check=False
    )


def test_each_setting_has_a_line_of_its_own_words() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name


def test_each_default_that_is_made_at_the_start_is_told() -> None:
    made = [name for name, field in Settings.model_fields.items() if field.default_factory]
    assert made
    for name in made:
        assert Settings.model_fields[name].examples, name


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_every_setting(option: str) -> None:
    done = run(option)
    assert done.returncode == 0
    listed = [line.partition(" ")[0] for line in done.stdout.splitlines() if line.endswith(")")]
    assert listed == [*variables_of(Settings).values()]
    assert "WEIGHBRIDGE_MAX_CALLS (256)" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_another_argument_is_refused() -> None:
    done = run("--version")
    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m weighbridge_server [--help]")


def test_the_readme_s_tables_are_what_the_code_says(project: Path) -> None:
    """`make generate` mends it."""
    text = (project / "server" / "README.md").read_text()
    assert rewritten(text) == text


def test_an_unknown_variable_is_named_beside_what_is_wrong() -> None:
    done = run(
        MODEL_NAME="m",
        MODEL_VERSION="7",
        MODEL_URI="file:///none",
        MODEL_SHA256="0" * 64,
        WEIGHBRIDGE_SPOOL_DIR="/nowhere",
        WEIGHBRIDGE_THREADS="none",
        WEIGHBRIDGE_MAX_CALL="10",
        WEIGHBRIDGE_COLOUR="secret",
    )
    assert done.returncode == 2
    messages = [json.loads(line)["message"] for line in done.stderr.splitlines()]
    assert messages[0].startswith("WEIGHBRIDGE_THREADS: ")
    assert messages[1:] == [
        "WEIGHBRIDGE_COLOUR: no setting of this program has this name; unset it",
        "WEIGHBRIDGE_MAX_CALL: no setting of this program has this name; "
        "did you mean WEIGHBRIDGE_MAX_CALLS?",
    ]
    assert "secret" not in done.stderr
