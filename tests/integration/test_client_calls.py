"""Calls that succeed, against a real server on 127.0.0.1."""
# ruff: noqa: N802  # method names are the proto's

from __future__ import annotations

import math
from itertools import count
from pathlib import Path

import grpc
import pytest

from logistics.delay.v1 import delay_service_pb2 as service_pb2
from logistics.delay.v1 import model_pb2
from weighbridge import (
    Client,
    Internal,
    InvalidShipment,
    ModelVersion,
    SettingsError,
    Shipment,
    TensorSpec,
)
from weighbridge.testing import FakeServer


def test_predict(fake_server: FakeServer, shipment: Shipment) -> None:
    with Client(fake_server.target) as client:
        prediction = client.predict(shipment)
    assert prediction.probability == 0.7
    assert prediction.late
    assert prediction.prediction_id
    assert prediction.model == ModelVersion(name="fake", version="7", digest="sha256:fake")
    assert (prediction.routed_version, prediction.served_version) == ("v7", "v7")
    assert not prediction.fell_back
    assert prediction.traffic_revision == "fake"
    assert prediction.request_id
    assert prediction.attempts == 1
    assert fake_server.shipments == [shipment]


def test_a_fall_back_is_told(shipment: Shipment) -> None:
    fall_back = FakeServer(version="v6", routed_version="v7")
    with fall_back as server, Client(server.target) as client:
        prediction, model = client.predict(shipment), client.model()
        server.fail(grpc.StatusCode.INTERNAL)
        with pytest.raises(Internal, match="routed to v7, served by v6") as failed:
            client.predict(shipment)
    assert (prediction.routed_version, prediction.served_version) == ("v7", "v6")
    assert prediction.fell_back
    assert model.fell_back
    assert (failed.value.routed_version, failed.value.served_version) == ("v7", "v6")


@pytest.mark.parametrize("key", ["k" * 129, "", "a\nb", "Zoë", " a"])
def test_a_key_that_cannot_name_the_call_is_refused_before_it(
    key: str, fake_server: FakeServer, shipment: Shipment
) -> None:
    with Client(fake_server.target) as client:
        with pytest.raises(SettingsError, match="idempotency_key"):
            client.predict(shipment, idempotency_key=key)
        assert fake_server.metadata == []
        client.predict(shipment, idempotency_key="k" * 128)


def test_mapping_is_as_good_as_a_shipment(
    fake_server: FakeServer, shipment: Shipment, shipment_values: dict[str, object]
) -> None:
    with Client(fake_server.target) as client:
        client.predict(shipment_values)
        client.predict_batch([shipment_values, shipment])
    assert fake_server.shipments == [shipment] * 3


def test_largest_batch_fits(fake_server: FakeServer, shipment: Shipment) -> None:
    with Client(fake_server.target) as client:
        batch = client.predict_batch([shipment] * 65_536, timeout_s=60.0)
    assert len(batch.probabilities) == len(batch.late) == len(set(batch.prediction_ids)) == 65_536
    assert batch.errors == ()


def test_batch_keeps_bad_rows_in_place(shipment: Shipment) -> None:
    class OneBadRow(FakeServer):
        def PredictBatch(
            self, request: service_pb2.PredictBatchRequest, context: grpc.ServicerContext
        ) -> service_pb2.PredictBatchResponse:
            error = service_pb2.RowError(row=1, field="latitude_deg", description="at most 90")
            return service_pb2.PredictBatchResponse(
                prediction_ids=["a", ""],
                probabilities=[0.25, math.nan],
                late=[False, False],
                errors=[error],
            )

    with OneBadRow() as server, Client(server.target) as client:
        batch = client.predict_batch([shipment, shipment])
    assert batch.prediction_ids == ("a", "")
    assert batch.probabilities[0] == 0.25
    assert math.isnan(batch.probabilities[1])
    assert [(error.row, error.field) for error in batch.errors] == [(1, "latitude_deg")]
    assert batch.served_version is batch.routed_version is None
    assert not batch.fell_back


def test_model() -> None:
    class Loaded(FakeServer):
        def GetModel(
            self, request: service_pb2.GetModelRequest, context: grpc.ServicerContext
        ) -> service_pb2.GetModelResponse:
            model = model_pb2.ServedModel(
                model=model_pb2.ModelVersion(name="LogisticsDelayModel", version="7"),
                uri="s3://mlflow/model.onnx",
                threshold=0.37,
                inputs=[model_pb2.TensorSpec(name="asset_id", datatype="BYTES", shape=[-1])],
                training_metrics={"auc": 0.81},
                alias="production",
                mode=model_pb2.SOURCE_MODE_ALIAS,
                source=model_pb2.BYTES_SOURCE_CACHE,
                last_error=model_pb2.LoadFailure(
                    description="no", reason="DIGEST_MISMATCH", version="8", attempts=3
                ),
            )
            model.loaded_time.FromSeconds(1_700_000_000)
            model.last_error.failed_time.FromSeconds(1_700_000_001)
            return service_pb2.GetModelResponse(model=model)

    with Loaded() as server, Client(server.target) as client:
        model = client.model()
    assert model.model.version == "7"
    assert model.uri == "s3://mlflow/model.onnx"
    assert model.threshold == 0.37
    assert model.inputs == (TensorSpec(name="asset_id", datatype="BYTES", shape=(-1,)),)
    assert model.training_metrics == {"auc": 0.81}
    assert (model.alias, model.mode, model.source) == ("production", "alias", "cache")
    assert model.last_error is not None
    assert (model.last_error.reason, model.last_error.version) == ("DIGEST_MISMATCH", "8")
    assert (model.last_error.description, model.last_error.attempts) == ("no", 3)
    assert model.last_error.failed_time.timestamp() == 1_700_000_001
    assert model.loaded_time.timestamp() == 1_700_000_000


def test_a_model_of_a_server_that_says_little() -> None:
    class Terse(FakeServer):
        def GetModel(
            self, request: service_pb2.GetModelRequest, context: grpc.ServicerContext
        ) -> service_pb2.GetModelResponse:
            model = model_pb2.ServedModel(threshold=math.nan)
            model.source = 99  # type: ignore[assignment]  # what a newer server may say
            return service_pb2.GetModelResponse(model=model)

    with Terse() as server, Client(server.target) as client:
        model = client.model()
    assert model.threshold is None
    assert (model.alias, model.mode, model.source, model.last_error) == ("", "", "", None)


def test_what_a_call_carries(fake_server: FakeServer, shipment: Shipment) -> None:
    with Client(fake_server.target, user_id="carrier-1") as client:
        client.predict(shipment)
        client.predict(shipment, user_id=None, idempotency_key="order-17")
        client.predict(shipment, user_id="carrier-2")
    first, second, third = fake_server.metadata
    assert first["x-user-id"] == "carrier-1"
    assert "x-user-id" not in second
    assert third["x-user-id"] == "carrier-2"
    assert second["x-idempotency-key"] == "order-17"
    assert first["x-idempotency-key"] != third["x-idempotency-key"]
    assert first["x-attempt"] == "1"
    assert "x-model-version" not in first
    assert "authorization" not in first


def test_pinned_view_shares_the_channel(fake_server: FakeServer, shipment: Shipment) -> None:
    numbers = count(1)
    with Client(fake_server.target, user_id="carrier-1") as client:
        with client.pinned("v7", token=lambda: f"token-{next(numbers)}") as view:
            view.predict(shipment)
            view.predict(shipment)
        client.predict(shipment)  # the view's end is not the client's
    pinned, again, plain = fake_server.metadata
    assert pinned["x-model-version"] == "v7"
    assert pinned["x-user-id"] == "carrier-1"
    assert [pinned["authorization"], again["authorization"]] == ["Bearer token-1", "Bearer token-2"]
    assert "x-model-version" not in plain


def test_client_may_be_pinned_itself(fake_server: FakeServer, shipment: Shipment) -> None:
    with Client(fake_server.target, pin="v6", token="t") as client:
        client.predict(shipment)
        client.pinned("v7").predict(shipment)
    assert [sent["x-model-version"] for sent in fake_server.metadata] == ["v6", "v7"]
    assert [sent["authorization"] for sent in fake_server.metadata] == ["Bearer t", "Bearer t"]


def test_nothing_is_sent_for_a_bad_shipment(
    fake_server: FakeServer, shipment_values: dict[str, object]
) -> None:
    del shipment_values["asset_id"]
    with Client(fake_server.target) as client, pytest.raises(InvalidShipment, match="asset_id"):
        client.predict(shipment_values)
    assert fake_server.metadata == []


def test_quick_start_of_the_readme_runs(
    fake_server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = Path(__file__).parents[2] / "client" / "README.md"
    quick_start = readme.read_text().split("```python\n")[1].split("```")[0]
    assert '"127.0.0.1:8080"' in quick_start
    code = quick_start.replace("127.0.0.1:8080", fake_server.target)
    exec(compile(code, readme, "exec"), {})  # noqa: S102  # our own text
    assert capsys.readouterr().out.startswith("0.7 True v7 ")
