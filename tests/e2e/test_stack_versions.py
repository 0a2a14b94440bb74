"""`make up` serves the versions that envoy/bootstrap.yaml knows: one comes, another one goes."""

import re
import shutil
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.counting import eventually
from tests.fix_stack import NewStack, Stack
from tests.load import send
from tests.traffic_commits import TrafficCommits, traffic_file
from weighbridge_training import MODEL_NAME

Rows = list[dict[str, object]]


@pytest.fixture
def tree(project: Path, tmp_path: Path) -> Path:
    """A copy of what the stack is started from, in which versions come and go."""
    for folder in ("envoy", "k8s", "protos", "stack"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(project / folder, tmp_path / "tree" / folder, ignore=ignored)
    return tmp_path / "tree"


@pytest.fixture
def copied(tree: Path, new_stack: NewStack, tmp_path: Path) -> Stack:
    """A stack of that copy, not started yet."""
    settings = {"WEIGHBRIDGE_TRAINING_ROWS": "2000", "PYTHONPATH": str(tree / "stack")}
    return new_stack(tmp_path / ".weighbridge", **settings)


def change(tree: Path, *arguments: str) -> None:
    command = [str(tree / "k8s" / "version.sh"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def up(stack: Stack) -> str:
    done = stack.make("up")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def states(stack: Stack) -> dict[str, object]:
    """The state of each version's server."""
    parts = {name.partition("server-")[2]: part["state"] for name, part in stack.status().items()}
    return {version: state for version, state in parts.items() if version}


def split(stable: str, canary: str, percent: str) -> str:
    versions = {"v6": stable, "v7": canary}
    return re.sub(r"\bv[67]$", lambda found: versions[found[0]], traffic_file(percent), flags=re.M)


@pytest.mark.timeout(180)
def test_v8_comes_and_v6_goes(copied: Stack, tree: Path, rows: Rows) -> None:
    try:
        change(tree, "add", "v8")
        a_first_start_does_without_the_model_of_v8(copied, rows)
        v8_is_started_once_it_is_pinned(copied, rows)
        v6_is_stopped_when_it_is_gone(copied, tree, rows)
        even_a_tree_without_v8_stops_it(copied)
    finally:
        copied.make("down")


def a_first_start_does_without_the_model_of_v8(stack: Stack, rows: Rows) -> None:
    started, shown = up(stack), stack.make("status")
    for said in (started, shown.stdout):
        assert "v8 is not pinned" in said
        assert "weighbridge model pin v8 --version 8" in said
    assert shown.returncode == 0
    assert states(stack) == {"v6": "running", "v7": "running", "v8": "not pinned"}
    TrafficCommits(stack.environment).commit(split("v6", "v8", "100"))
    answered_by(stack, rows, "v7")


def v8_is_started_once_it_is_pinned(stack: Stack, rows: Rows) -> None:
    client = MlflowClient(stack.environment["MLFLOW_TRACKING_URI"])
    seventh = client.get_model_version(MODEL_NAME, "7")
    client.create_model_version(MODEL_NAME, str(seventh.source), seventh.run_id, tags=seventh.tags)
    pinned = stack.weighbridge("model", "pin", "v8", "--version", "8")
    assert pinned.returncode == 0, pinned.stderr

    assert "not pinned" not in up(stack)
    assert stack.status()["server-v8"]["port"] == int(stack.settings["WEIGHBRIDGE_V8_PORT"])
    answered_by(stack, rows, "v8")


def v6_is_stopped_when_it_is_gone(stack: Stack, tree: Path, rows: Rows) -> None:
    """Envoy is started anew, since it reads its clusters once; its split still names v6 then."""
    for file in (tree / "envoy" / "traffic").glob("*/traffic.yaml"):
        file.write_text(split("v7", "v8", "0"))
    change(tree, "retire", "v6")
    before = stack.status()
    assert before["server-v6"]["state"] == "retired"

    said = up(stack)

    after = stack.status()
    anew = {name for name in after if before[name]["pid"] != after[name]["pid"]}
    assert anew == {"agent", "envoy"}
    assert states(stack) == {"v7": "running", "v8": "running"}
    assert_nobody_listens(stack, "V6")
    assert "v6 has no cluster in Envoy; known: v7, v8" in said
    assert f"git clone {stack.home}/traffic.git" in said
    answered_by(stack, rows, "v7")
    TrafficCommits(stack.environment).commit(split("v7", "v8", "100"))
    answered_by(stack, rows, "v8")


def even_a_tree_without_v8_stops_it(stack: Stack) -> None:
    settings = {name: value for name, value in stack.settings.items() if name != "PYTHONPATH"}
    assert replace(stack, settings=settings).make("down").returncode == 0
    assert_nobody_listens(stack, "V8")


def assert_nobody_listens(stack: Stack, version: str) -> None:
    address = "127.0.0.1", int(stack.settings[f"WEIGHBRIDGE_{version}_PORT"])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def answered_by(stack: Stack, rows: Rows, version: str) -> None:
    def all_calls_are() -> None:
        sent = send(stack.environment["WEIGHBRIDGE_TARGET"], rows[:50])
        assert (sent.versions, sent.errors) == ({version: 50}, [])

    eventually(all_calls_are, within_s=10)


def test_the_port_of_a_new_version_is_looked_at_too(copied: Stack, tree: Path) -> None:
    change(tree, "add", "v8")
    port = int(copied.settings["WEIGHBRIDGE_V8_PORT"])
    with socket.create_server(("127.0.0.1", port)):
        taken = copied.make("up")
    assert taken.returncode == 1
    assert f"Port {port}, for the model server of v8, is taken" in taken.stdout

    seventh = copied.settings["WEIGHBRIDGE_V7_PORT"]
    twice = replace(copied, settings={**copied.settings, "WEIGHBRIDGE_V8_PORT": seventh}).make("up")
    assert twice.returncode == 1
    assert "WEIGHBRIDGE_V7_PORT and WEIGHBRIDGE_V8_PORT are both" in twice.stdout


def test_a_port_that_is_none_is_named(copied: Stack, tree: Path) -> None:
    change(tree, "add", "v60000")
    done = copied.make("up")
    assert done.returncode == 2
    assert "WEIGHBRIDGE_V60000_PORT: Input should be less than 65536" in done.stdout
