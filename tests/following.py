"""What tests see of a server that follows an alias."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from logistics.delay.v1 import delay_service_pb2 as pb
from logistics.delay.v1.model_pb2 import LoadFailure, ServedModel
from tests.counting import eventually
from tests.fix_server import ServerProcess
from tests.load import Counted

# A shipment as a user of the SDK writes it.
ROW: Mapping[str, object] = {
    "timestamp": datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
    "asset_id": "Truck_7",
    "latitude_deg": 48.1,
    "longitude_deg": 11.6,
    "inventory_level": 390.0,
    "temperature_celsius": 21.3,
    "humidity_percent": 67.8,
    "traffic_status": "heavy",
    "waiting_time_minutes": 38.0,
    "user_transaction_amount_usd": 320.0,
    "user_purchase_frequency": 4.0,
    "delay_reason": "weather",
    "asset_utilization_percent": 60.1,
    "demand_forecast": 285.0,
}
WITHIN_S = 30


def served(server: ServerProcess) -> ServedModel:
    """Ask which model serves."""
    return server.stub.GetModel(pb.GetModelRequest(), timeout=10).model


def version_of(server: ServerProcess) -> str:
    """Ask which version serves."""
    return served(server).model.version


def wait_for_version(server: ServerProcess, version: str) -> None:
    """Wait until this version serves."""

    def serves() -> None:
        assert version_of(server) == version, server.log

    eventually(serves, WITHIN_S)


def wait_for_failure(
    server: ServerProcess, check: Callable[[LoadFailure], bool] = lambda _: True
) -> LoadFailure:
    """Wait until the server tells a failure that passes the check; return it."""
    found: list[LoadFailure] = []

    def fails() -> None:
        model = served(server)
        assert model.HasField("last_error"), server.log
        assert check(model.last_error), model.last_error
        found.append(model.last_error)

    eventually(fails, WITHIN_S)
    return found[-1]


def wait_for_recovery(server: ServerProcess) -> None:
    """Wait until the server tells no failure."""

    def well() -> None:
        assert not served(server).HasField("last_error"), server.log

    eventually(well, WITHIN_S)


def lines(server: ServerProcess, message: str) -> list[dict[str, Any]]:
    """Return the log's lines with this message."""
    return [record for record in server.records if record["message"] == message]


def told_of(server: ServerProcess, version: str) -> list[str]:
    """Return what the log says of a version that cannot serve: each cause once."""
    kept = lines(server, "keeping the model that serves")
    return [line["error"] for line in kept if line["wanted_version"] == version]


def assert_none_lost(counted: Counted, server: ServerProcess) -> None:
    """Fail unless each call was answered, and its row names its answer's version."""
    assert counted.errors == []
    assert counted.calls > 0
    versions = {str(row.prediction_id): row.model_version for row in server.rows}
    assert {
        answer.prediction_id: answer.model.version for answer in counted.predictions
    } == versions


def assert_versions_not_mixed(counted: Counted) -> None:
    """Fail if one version, asked for one row again and again, gave more than one answer."""
    answers: dict[str, set[float]] = {}
    for prediction in counted.predictions:
        answers.setdefault(prediction.model.version, set()).add(prediction.probability)
    assert all(len(given) == 1 for given in answers.values()), answers
    assert len({one for given in answers.values() for one in given}) == len(answers), answers
