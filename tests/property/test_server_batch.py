"""A batch says of each row exactly what a single call says of that shipment."""

import hashlib
import math
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logistics.delay.v1 import delay_service_pb2 as pb
from tests.fix_models import ModelFile, build_model
from tests.shipments import GOOD, batch, single
from weighbridge_predictionlog import Spool
from weighbridge_server.inference import (
    BatchRows,
    Call,
    Journal,
    Origin,
    Serving,
    Slot,
)
from weighbridge_server.models import Pin, load_model
from weighbridge_server.transport import COLUMNS, InvalidRequestError
from weighbridge_server.transport.delay import DelayService

# Limits as the proto's comments state them, so that a changed rule is noticed here.
RANGES = {
    "latitude_deg": (-90, 90),
    "longitude_deg": (-180, 180),
    "inventory_level": (0, 1e6),
    "temperature_celsius": (-60, 60),
    "humidity_percent": (0, 100),
    "waiting_time_minutes": (0, 10_080),
    "user_transaction_amount_usd": (0, 1e6),
    "user_purchase_frequency": (0, 10_000),
    "asset_utilization_percent": (0, 100),
    "demand_forecast": (0, 1e6),
}
FIRST_MS, END_MS = 946_684_800_000, 4_102_444_800_000
CALL = Call("Predict", time.perf_counter_ns())


def number(low: float, high: float) -> st.SearchStrategy[float]:
    edges = [low, high, math.nextafter(low, -math.inf), math.nextafter(high, math.inf), -0.0]
    return st.one_of(
        st.floats(low, high),
        st.sampled_from([*edges, math.nan, math.inf, -math.inf]),
        st.floats(),
    )


milliseconds = st.one_of(
    st.integers(FIRST_MS, END_MS - 1),
    st.sampled_from([FIRST_MS, FIRST_MS - 1, END_MS - 1, END_MS, 0, -1]),
)
texts = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=4),
    st.integers(62, 66).map("é".__mul__),
    st.just("Truck_7"),
)
wild = st.fixed_dictionaries(
    {
        "timestamp_unix_ms": milliseconds,
        "asset_id": texts,
        "traffic_status": st.integers(-1, 5),
        "delay_reason": st.integers(-1, 6),
        **{name: number(*limits) for name, limits in RANGES.items()},
    }
)
# Most rows of a wild batch are bad; these have at most a few bad fields.
tame = st.builds(
    lambda row, names: {**GOOD, **{name: row[name] for name in names}},
    wild,
    st.sets(st.sampled_from(sorted(GOOD)), max_size=3),
)
rows = st.lists(st.one_of(wild, tame), min_size=1, max_size=12)


class Service:
    """The delay service as the server calls it: with what serves the call."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._service = DelayService(Slot(serving))

    def predict(self, request: pb.PredictRequest) -> pb.PredictResponse:
        content = request.SerializeToString()
        return pb.PredictResponse.FromString(self._service.predict(content, CALL, self._serving))

    def predict_batch(self, request: pb.PredictBatchRequest) -> pb.PredictBatchResponse:
        content = request.SerializeToString()
        answer = self._service.predict_batch(content, CALL, self._serving)
        return pb.PredictBatchResponse.FromString(answer)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    content = build_model()
    path = folder / "model.onnx"
    path.write_bytes(content)
    file = ModelFile(path, hashlib.sha256(content).hexdigest())
    pin = Pin("LogisticsDelayModel", "7", file.uri, file.sha256)
    spool = Spool(folder / "spool")
    journal = Journal(spool, Origin(pin, "v7", "test"), batch_rows=BatchRows.OFF, sample_percent=0)
    model = load_model(pin, COLUMNS, folder)
    yield Service(Serving.of(model, journal))
    spool.close()


def judge(service: Service, row: dict[str, Any]) -> "tuple[float, bool] | set[tuple[str, str]]":
    """Ask for one shipment: its answer, or its bad fields and what is wrong with them."""
    try:
        answer = service.predict(single(row))
    except InvalidRequestError as error:
        return {
            (item.field.removeprefix("shipment."), item.description) for item in error.violations
        }
    return answer.probability, answer.late


@given(rows)
@settings(max_examples=150, deadline=None)
def test_rows_are_judged_as_shipments_are(service: Service, rows: list[dict[str, Any]]) -> None:
    answer = service.predict_batch(batch(rows))
    faults: dict[int, set[tuple[str, str]]] = {index: set() for index in range(len(rows))}
    for error in answer.errors:
        faults[error.row].add((error.field, error.description))
    for index, row in enumerate(rows):
        expected = judge(service, row)
        if isinstance(expected, set):
            assert faults[index] == expected
            assert math.isnan(answer.probabilities[index])
            assert (answer.prediction_ids[index], answer.late[index]) == ("", False)
        else:
            assert not faults[index]
            assert (answer.probabilities[index], answer.late[index]) == expected
            assert answer.prediction_ids[index]


@given(st.sampled_from(sorted(RANGES)), st.data())
@settings(max_examples=60, deadline=None)
def test_limits_are_those_the_proto_tells(service: Service, name: str, data: st.DataObject) -> None:
    low, high = RANGES[name]
    value = data.draw(number(low, high))
    outcome = judge(service, {**GOOD, name: value})
    assert isinstance(outcome, tuple) == (low <= value <= high)


@given(st.lists(tame, min_size=2, max_size=40), st.randoms())
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_changes_nothing(
    service: Service, rows: list[dict[str, Any]], random: Any
) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)
    straight, mixed = (
        service.predict_batch(batch(taken)) for taken in (rows, [rows[index] for index in order])
    )
    assert [repr(straight.probabilities[index]) for index in order] == [
        repr(value) for value in mixed.probabilities
    ]
