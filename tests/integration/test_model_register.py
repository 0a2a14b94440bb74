"""`weighbridge model register`: somebody's ONNX file becomes a version that can be pinned."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from mlflow import MlflowClient
from mlflow.models import Model

from tests import graphs
from tests.fix_cli import Shell
from tests.fix_mlflow import MlflowServer
from weighbridge_training import TrainingError, register_model

ROWS = [[0.5, 1.5, -1.0], [2.0, 0.25, 0.25]]


@pytest.fixture
def shell(mlflow_server: MlflowServer, tmp_path: Path) -> Shell:
    """A person's folder with a model and an example, and the addresses they need."""
    graphs.linear(tmp_path / "model.onnx")
    (tmp_path / "example.json").write_text(json.dumps({"inputs": {"X": ROWS}}))
    return Shell(tmp_path, mlflow_server.environment)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A model name of this test's own, in a registry that all tests share."""
    return f"Own-{sha256(request.node.name.encode()).hexdigest()[:12]}"


@pytest.fixture
def client(mlflow_server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    for key, value in mlflow_server.environment.items():
        monkeypatch.setenv(key, value)
    return MlflowClient(mlflow_server.tracking_uri)


def register(name: str, *more: str, file: str = "model.onnx") -> list[str]:
    return ["model", "register", file, "--name", name, "--example", "example.json", *more]


def refused(shell: Shell, name: str, **more: Any) -> str:
    """Register as the command does, which must fail before anything is written."""
    with pytest.raises(TrainingError) as error:
        register_model(
            "http://127.0.0.1:9",
            shell.folder / "model.onnx",
            name=name,
            example=shell.folder / "example.json",
            **more,
        )
    return str(error.value)


def facts(content: bytes) -> dict[str, str]:
    return {one.key: one.value for one in onnx.load_from_string(content).metadata_props}


def test_a_version_with_what_a_pin_and_a_server_need(
    shell: Shell, name: str, client: MlflowClient, mlflow_server: MlflowServer, tmp_path: Path
) -> None:
    more = ("--score", "scores[1]", "--threshold", "0.5", "--metric", "auc=0.91")
    said = shell.ok(*register(name, *more, "--alias", "trial", "--description", "First try"))

    version = client.get_model_version_by_alias(name, "trial")
    content = mlflow_server.s3.read(version.tags["uri"])
    assert version.tags["sha256"] == sha256(content).hexdigest()
    assert version.description == "First try"
    assert said.splitlines() == [
        f"{name} version 1, SHA-256 {version.tags['sha256']}",
        "Takes and gives X FP32 [-1, 3] -> scores FP32 [-1, 2], label INT64 [-1]; "
        "the score is scores[1]",
        f"Bytes: {version.tags['uri']}",
        f"Next: weighbridge model pin v1 --version 1 --model {name}",
    ]
    stamped = facts(content)
    assert stamped["weighbridge.score"] == "scores[1]"
    assert float(stamped["weighbridge.threshold"]) == 0.5
    assert json.loads(stamped["weighbridge.metrics"]) == {"auc": 0.91}
    assert stamped["weighbridge.run_id"] == version.run_id
    assert json.loads(stamped["weighbridge.smoke"]) == {
        "inputs": {"X": ROWS},
        "outputs": {"scores": [[1.0, 1.0], [2.5, 2.5]], "label": [0, 0]},
        "tolerance": 1e-5,
    }
    run = client.get_run(version.run_id or "")
    assert (run.info.status, run.data.metrics) == ("FINISHED", {"auc": 0.91})
    described = tmp_path / "MLmodel"
    described.write_bytes(
        mlflow_server.s3.read(version.tags["uri"].replace("model.onnx", "MLmodel"))
    )
    model = Model.load(described)
    assert "onnx" in model.flavors
    assert model.signature is not None
    assert model.signature.outputs.input_names() == ["scores", "label"]


def test_the_same_file_is_registered_once(shell: Shell, name: str, client: MlflowClient) -> None:
    first = json.loads(shell.ok(*register(name, "-o", "json")))
    again = json.loads(shell.ok(*register(name, "-o", "json", "--alias", "later")))
    assert (first["created"], again["created"]) == (True, False)
    assert {**first, "created": False, "notes": []} == again
    assert client.get_model_version_by_alias(name, "later").version == first["version"]

    other = json.loads(shell.ok(*register(name, "--score", "scores[0]", "-o", "json")))
    assert (other["version"], other["created"], other["score"]) == ("2", True, "scores[0]")


def test_what_came_back_from_the_registry_can_be_registered_again(
    shell: Shell, name: str, mlflow_server: MlflowServer
) -> None:
    first = json.loads(shell.ok(*register(name, "-o", "json")))
    (shell.folder / "copy.onnx").write_bytes(mlflow_server.s3.read(first["uri"]))
    again = json.loads(shell.ok(*register(name, "-o", "json", file="copy.onnx")))
    assert (again["version"], again["created"]) == ("1", False)


def test_what_one_should_know_is_noted(shell: Shell, name: str) -> None:
    done = shell.run(*register(name))
    assert done.returncode == 0
    assert "note: no output is the score" in done.stderr

    graphs.linear(shell.folder / "model.onnx", input_name="Y")
    (shell.folder / "example.json").write_text(json.dumps(ROWS))
    other = shell.run(*register(name, "--score", "scores[1]"))
    assert other.returncode == 0
    assert "note: version 1 has another signature (X FP32 [-1, 3] -> " in other.stderr


def test_an_example_has_one_of_three_forms(
    shell: Shell, name: str, client: MlflowClient, mlflow_server: MlflowServer
) -> None:
    """Other forms of the same example make the same model."""
    (shell.folder / "rows.json").write_text(json.dumps(ROWS))
    np.savez(shell.folder / "arrays.npz", X=np.array(ROWS))
    made = [
        register_model(
            mlflow_server.tracking_uri,
            shell.folder / "model.onnx",
            name=name,
            example=shell.folder / example,
        )
        for example in ("example.json", "rows.json", "arrays.npz")
    ]
    assert [one.version.created for one in made] == [True, False, False]


@pytest.mark.parametrize(
    ("example", "said"),
    [
        ({"inputs": {}}, "example.json lacks 'X'; the graph takes X FP32 [-1, 3]"),
        ({"inputs": {"X": ROWS, "Y": 1}}, "example.json has Y, the graph takes X FP32 [-1, 3]"),
        ([[1.0, 2.0]], "'X' has the shape [1, 2], the graph takes X FP32 [-1, 3]"),
        ([[1.0, 2.0], [3.0]], "'X' is no tensor"),
        ([["a", "b", "c"]], "'X' holds what is no FP32"),
        ([[float("nan"), 1, 2]], "the graph answers the example with scores = [[nan"),
        ("rows", "must hold"),
        (None, "example.json is neither JSON nor an .npz"),
    ],
)
def test_an_example_that_does_not_fit_is_told(
    shell: Shell, name: str, example: object, said: str
) -> None:
    text = "not json" if example is None else json.dumps(example)
    (shell.folder / "example.json").write_text(text)
    assert said in refused(shell, name)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda path: path.write_text("a,b\n1,2\n"), "model.onnx is no ONNX file"),
        (lambda path: path.write_bytes(b""), "model.onnx is no ONNX file"),
        (lambda path: path.unlink(), "model.onnx cannot be read: No such file"),
        (graphs.in_two_files, "model.onnx keeps weights in another file (external data)"),
        (graphs.own_operator, "Operators of one's own are not served"),
        (graphs.random, "a model must answer alike each time"),
    ],
)
def test_a_file_that_cannot_be_served_is_told(
    shell: Shell, name: str, write: Callable[[Path], object], said: str
) -> None:
    write(shell.folder / "model.onnx")
    assert said in refused(shell, name)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"score": "odds"}, "odds is no score; the graph gives scores FP32 [-1, 2], label"),
        ({"score": "scores"}, "scores is no score"),
        ({"score": "scores[2]"}, "scores[2] is no score"),
        ({"threshold": 0.5}, "a threshold is for a score"),
        ({"score": "label", "threshold": math.nan}, "a threshold of nan labels nothing"),
        ({"name": "it's"}, "cannot be a model's name"),
    ],
)
def test_what_does_not_go_together_is_told(
    shell: Shell, name: str, more: dict[str, Any], said: str
) -> None:
    assert said in refused(shell, **{"name": name, **more})


def test_what_the_registry_does_not_take_is_told(shell: Shell, name: str) -> None:
    assert "MLflow did not take it: " in shell.fails(*register(name, "--alias", "latest"))
    assert "MLflow did not take it: " in shell.fails(*register(f"{name}2", "--metric", "a$=1"))


def test_a_figure_that_is_none_is_wrong_usage(shell: Shell, name: str) -> None:
    done = shell.run(*register(name, "--metric", "auc"))
    assert done.returncode == 2
    assert "NAME=NUMBER" in done.stderr


def test_a_registry_or_a_store_that_is_away_is_named(
    shell: Shell, name: str, client: MlflowClient
) -> None:
    elsewhere = {**shell.variables, "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    said = Shell(shell.folder, elsewhere).fails(*register(name))
    assert "weighbridge: MLflow does not answer at http://127.0.0.1:9" in said

    elsewhere = {**shell.variables, "MLFLOW_S3_ENDPOINT_URL": "http://127.0.0.1:9"}
    said = Shell(shell.folder, elsewhere).fails(*register(name))
    assert "S3 did not take s3://mlflow/" in said
    assert not client.search_model_versions(f"name = '{name}'")


def test_without_the_extra_the_command_says_what_to_install(shell: Shell, name: str) -> None:
    code = (
        "import importlib.metadata as metadata, sys\n"
        "version = metadata.version\n"
        "def without(name):\n"
        "    if name == 'onnx':\n"
        "        raise metadata.PackageNotFoundError(name)\n"
        "    return version(name)\n"
        "metadata.version = without\n"
        f"sys.argv[1:] = {register(name)!r}\n"
        "from weighbridge_cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=shell.folder,
        env={**os.environ, **shell.variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "pip install 'weighbridge-training[train]'" in done.stderr
    assert "Traceback" not in done.stderr
