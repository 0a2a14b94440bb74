"""Unmodified clients of the Open Inference Protocol work against a real server."""

import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.fix_models import NUMBERS, ModelFile
from tests.fix_protocol_clients import ProtocolClient
from tests.fix_server import ServerProcess, StartServer
from tests.shipments import GOOD, batch, single
from tests.tensor_models import TYPES, echo

NAME = "LogisticsDelayModel"
ROWS = [GOOD, {**GOOD, "humidity_percent": 12.5, "asset_id": "Lkw_ü"}, GOOD]
VALUES: dict[str, Any] = {
    "BOOL": [[True, False]],
    **{name: [[1, 100]] for name in TYPES if "INT" in name},
    "FP16": [[0.5, -2.0]],
    "FP32": [[0.1, -1e30]],
    "FP64": [[0.1, -1e300]],
    "BYTES": [["", "Straße"]],
}


def tensors_of(rows: list[Any]) -> dict[str, Any]:
    return {
        "timestamp": ["INT64", [row["timestamp_unix_ms"] // 1000 for row in rows]],
        "asset_id": ["BYTES", [row["asset_id"] for row in rows]],
        "traffic_status": ["BYTES", ["detour"] * len(rows)],
        "delay_reason": ["BYTES", ["none"] * len(rows)],
        **{name: ["FP32", [row[name] for row in rows]] for name in NUMBERS},
    }


@pytest.mark.parametrize("rows", [1, 3])
def test_tritonclient(rows: int, protocol_client: ProtocolClient, server: ServerProcess) -> None:
    job = {"target": server.target, "model": NAME, "tensors": tensors_of(ROWS[:rows])}
    said = protocol_client("triton", job)
    assert (said["live"], said["ready"], said["server"]) == (True, True, "weighbridge")
    assert (said["model_ready"], said["other_ready"]) == ([True, True, False], False)
    assert said["metadata"]["versions"] == ["7"]
    assert {spec["name"] for spec in said["metadata"]["inputs"]} == set(job["tensors"])
    expected = server.stub.PredictBatch(batch(ROWS[:rows]), timeout=10).probabilities
    assert said["outputs"] == {"probability": list(expected)}
    assert (said["id"], said["chosen"]) == ("mine", ["probability"])
    assert said["wrong_version"] == [
        "StatusCode.NOT_FOUND",
        "model_version: '8' is not served here; '7' is",
    ]
    assert said["missing"][0] == "StatusCode.INVALID_ARGUMENT"
    assert said["missing"][1] == "inputs: lack 'timestamp', INT64 [-1]"
    check_rows(server, said["prediction_ids"], rows)


@pytest.mark.parametrize("rows", [1, 3])
def test_kserve(rows: int, protocol_client: ProtocolClient, server: ServerProcess) -> None:
    job = {"target": server.target, "model": NAME, "tensors": tensors_of(ROWS[:rows])}
    said = protocol_client("kserve", job)
    assert (said["live"], said["ready"]) == (True, True)
    assert (said["model_ready"], said["other_ready"]) == (True, False)
    expected = server.stub.PredictBatch(batch(ROWS[:rows]), timeout=10).probabilities
    assert said["typed"] == said["raw"] == {"probability": list(expected)}
    assert said["id"] == "mine"
    assert said["wrong_version"][0] == "StatusCode.NOT_FOUND"
    assert said["missing"][0] == "StatusCode.INVALID_ARGUMENT"
    check_rows(server, said["prediction_ids"], rows)


@pytest.mark.parametrize(
    ("name", "parts", "kinds"),
    [
        ("triton", ["outputs"], tuple(VALUES)),
        # Half floats have no typed form.
        ("kserve", ["typed", "raw"], tuple(kind for kind in VALUES if kind != "FP16")),
    ],
)
def test_every_data_type_of_any_model(
    name: str,
    parts: list[str],
    kinds: tuple[str, ...],
    protocol_client: ProtocolClient,
    start_server: StartServer,
    write_model: Callable[[bytes], ModelFile],
) -> None:
    content = echo(*kinds, shape=("rows", 2))
    server = start_server(write_model(content), WEIGHBRIDGE_SIGNATURE="any")
    tensors = {kind: [kind, VALUES[kind]] for kind in kinds}
    said = protocol_client(name, {"target": server.target, "model": NAME, "tensors": tensors})
    expected = {f"{kind}_back": VALUES[kind] for kind in kinds}
    expected["FP32_back"] = np.array(VALUES["FP32"], np.float32).tolist()
    for part in parts:
        assert said[part] == expected


def check_rows(server: ServerProcess, prediction_ids: str, rows: int) -> None:
    """Look for the answer's rows in the log."""
    ids = prediction_ids.split(",")
    assert [uuid.UUID(one).version for one in ids] == [7] * rows
    logged = {str(row.prediction_id): row for row in server.rows}
    for one, given in zip(ids, ROWS, strict=False):
        row = logged[one]
        assert row.method == "ModelInfer"
        assert row.inputs is not None
        assert row.inputs["asset_id"] == given["asset_id"]
    assert server.stub.Predict(single(), timeout=10).prediction_id not in ids
