"""The seven versions on a real MLflow server, their artefacts in a real S3."""

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import pytest
from mlflow import MlflowClient
from mlflow.models import Model

from tests.fix_mlflow import MlflowServer, ModelRegistry
from weighbridge_training import MODEL_NAME, RegistrationError, dataset, train_and_register
from weighbridge_training.export import run_graph
from weighbridge_training.generator import generate

NAME = MODEL_NAME
SMALL = ("--rows", "2000")


@pytest.fixture
def environment(mlflow_server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in mlflow_server.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def client(mlflow_server: MlflowServer, environment: None) -> MlflowClient:
    return MlflowClient(mlflow_server.tracking_uri)


@pytest.fixture
def own_name(request: pytest.FixtureRequest) -> str:
    """A model name of this test's own, in a registry that all tests share."""
    return f"Model-{request.node.name}"


def test_seven_versions_with_what_a_pin_needs(
    registered_models: ModelRegistry, client: MlflowClient
) -> None:
    model = client.get_registered_model(NAME)
    assert model.aliases == {"production": "6", "experiment": "7"}
    for number in range(1, 8):
        version = client.get_model_version(NAME, str(number))
        content = registered_models.server.s3.read(version.tags["uri"])
        assert version.tags["uri"].startswith("s3://mlflow/")
        assert version.tags["uri"].endswith("/model.onnx")
        assert version.tags["sha256"] == sha256(content).hexdigest()
        facts = {e.key: e.value for e in onnx.load_from_string(content).metadata_props}
        data_hash = facts["weighbridge.training_data_sha256"]
        assert version.tags["training_data_sha256"] == data_hash
        assert facts["weighbridge.run_id"] == version.run_id
        assert "label_rule" not in version.tags


def test_the_smoke_prediction_holds_for_the_bytes_in_s3(
    registered_models: ModelRegistry, client: MlflowClient
) -> None:
    for number in (1, 6, 7):
        uri = client.get_model_version(NAME, str(number)).tags["uri"]
        content = registered_models.server.s3.read(uri)
        model = onnx.load_from_string(content)
        facts = {entry.key: entry.value for entry in model.metadata_props}
        smoke = json.loads(facts["weighbridge.smoke"])
        columns = {
            item.name: np.array(
                smoke["inputs"][item.name],
                dtype=onnx.helper.tensor_dtype_to_np_dtype(item.type.tensor_type.elem_type),
            )
            for item in model.graph.input
        }
        recorded = smoke["outputs"]["probability"]
        assert run_graph(content, columns) == pytest.approx(recorded, abs=1e-5)


def test_signature_and_metrics_are_recorded(
    registered_models: ModelRegistry, client: MlflowClient, tmp_path: Path
) -> None:
    version = client.get_model_version_by_alias(NAME, "experiment")
    uri = version.tags["uri"]
    described = tmp_path / "MLmodel"
    described.write_bytes(registered_models.server.s3.read(uri.replace("model.onnx", "MLmodel")))
    signature = Model.load(described).signature
    model = onnx.load_from_string(registered_models.server.s3.read(uri))
    assert signature is not None
    assert signature.inputs.input_names() == [item.name for item in model.graph.input]
    assert signature.outputs.input_names() == ["probability"]
    run = client.get_run(version.run_id or "")
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert run.info.status == "FINISHED"
    assert run.data.metrics == pytest.approx(json.loads(facts["weighbridge.metrics"]))
    assert run.data.params["threshold"] == facts["weighbridge.threshold"]
    assert "asset_id_late_rate" in run.data.params["features"]


def test_each_version_is_told_in_one_line(registered_models: ModelRegistry) -> None:
    lines = registered_models.output.splitlines()
    assert [line.split()[0] for line in lines] == [f"v{number}" for number in range(1, 8)]
    assert all("log_loss" in line for line in lines)


def test_a_second_run_changes_nothing(
    registered_models: ModelRegistry, client: MlflowClient
) -> None:
    before = client.search_model_versions(f"name = '{NAME}'")
    lines: list[str] = []
    known = train_and_register(registered_models.server.tracking_uri, progress=lines.append)
    assert not any(version.created for version in known)
    assert len(lines) == 7
    after = client.search_model_versions(f"name = '{NAME}'")
    assert [v.run_id for v in after] == [v.run_id for v in before]


def test_a_killed_run_is_continued_and_moved_aliases_stay(
    mlflow_server: MlflowServer, client: MlflowClient, own_name: str
) -> None:
    command = [sys.executable, "-m", "weighbridge_training", "--model-name", own_name, *SMALL]
    process = subprocess.Popen(
        command,
        env={**os.environ, **mlflow_server.environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    told = [process.stdout.readline(), process.stdout.readline()]
    process.kill()
    process.communicate()
    assert [line.split()[0] for line in told] == ["v1", "v2"]
    client.set_registered_model_alias(own_name, "production", "1")

    versions = train_and_register(mlflow_server.tracking_uri, rows=2_000, model_name=own_name)

    assert [version.number for version in versions] == [1, 2, 3, 4, 5, 6, 7]
    assert not any(version.created for version in versions[:2])
    assert all(version.created for version in versions[3:])
    aliases = client.get_registered_model(own_name).aliases
    assert aliases == {"production": "1", "experiment": "7"}


def test_a_number_that_is_gone_is_said(
    mlflow_server: MlflowServer, client: MlflowClient, own_name: str
) -> None:
    client.create_registered_model(own_name)
    for _ in range(2):
        client.create_model_version(own_name, source="s3://mlflow/elsewhere")
    with pytest.raises(RegistrationError, match="something else registered it"):
        train_and_register(mlflow_server.tracking_uri, model_name=own_name)
    client.delete_model_version(own_name, "1")
    with pytest.raises(RegistrationError, match=r"has version 2 but not \[1\]"):
        train_and_register(mlflow_server.tracking_uri, model_name=own_name)


def test_a_file_whose_label_is_a_rule_trains_with_a_warning(
    mlflow_server: MlflowServer, client: MlflowClient, own_name: str, tmp_path: Path
) -> None:
    made = generate(rows=1_000, seed=3)
    rows, statuses = list(made), made.table.status.tolist()
    for row, status in zip(rows, statuses, strict=True):
        row["late"] = status == "delayed" or row["traffic_status"] == "heavy"
    dataset.write_csv(tmp_path / "mine.csv", rows, statuses)
    done = mlflow_server.train("--data", str(tmp_path / "mine.csv"), "--model-name", own_name)
    assert done.returncode == 0, done.stderr
    assert "cannot tell v6 from v7" in done.stderr
    version = client.get_model_version_by_alias(own_name, "experiment")
    assert version.tags["label_rule"] == (
        "(shipment_status is delayed) or (traffic_status is heavy)"
    )
    assert client.get_run(version.run_id or "").data.params["data"] == "mine.csv"


def test_a_server_that_does_not_answer_is_named() -> None:
    command = [sys.executable, "-m", "weighbridge_training", "--tracking-uri"]
    done = subprocess.run([*command, "http://127.0.0.1:9"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: MLflow does not answer at http://127.0.0.1:9")


def test_generated_rows_can_be_saved_and_trained_on_again(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    command = [sys.executable, "-m", "weighbridge_training", "--save-data", str(path)]
    subprocess.run([*command, "--rows", "300", "--seed", "4"], check=True, capture_output=True)
    digest = sha256(path.read_bytes()).hexdigest()
    assert digest == generate(rows=300, seed=4).table.sha256()


def test_an_object_store_that_refuses_the_keys_is_named(
    mlflow_server: MlflowServer, own_name: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "weighbridge_training", *SMALL, "--model-name", own_name],
        env={**os.environ, **mlflow_server.environment, "AWS_SECRET_ACCESS_KEY": "guessed-secret"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: S3 did not take s3://mlflow/")
    assert "look at MLFLOW_S3_ENDPOINT_URL, AWS_ACCESS_KEY_ID" in last
    assert "Traceback" not in done.stderr


def test_a_server_that_does_not_go_by_that_name_is_told_apart(mlflow_server: MlflowServer) -> None:
    other_name = mlflow_server.tracking_uri.replace("127.0.0.1", "127.1")  # the same address
    done = mlflow_server.train(*SMALL, "--tracking-uri", other_name)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"error: MLflow at {other_name} does not answer as a registry")
    assert "its MLFLOW_SERVER_ALLOWED_HOSTS lacks that name" in last
    assert "Traceback" not in done.stderr
