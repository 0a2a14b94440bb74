from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from weighbridge_predictionlog import PredictionRow, RowTemplate, new_prediction_id
from weighbridge_predictionlog._row import decode_row

ROW = PredictionRow(
    prediction_id=new_prediction_id(),
    call_id="call",
    method="Predict",
    model_name="LogisticsDelayModel",
    model_version="7",
    model_digest="sha256:" + "ab" * 32,
    served_version="v7",
    server_instance="pod",
    inputs={"a": 1.5, "b": 'an "x" and a ü'},
    score=0.25,
    label=False,
    status_code="OK",
    latency_ms=0.75,
    created_at=datetime(2026, 11, 24, 12, 30, tzinfo=UTC),
)


@pytest.mark.parametrize("shared", [0, 1, 10, 25])
def test_a_row_of_a_template_is_the_row(shared: int) -> None:
    columns = list(asdict(ROW).items())
    row = RowTemplate(dict(columns[:shared])).row(dict(columns[shared:]))
    assert decode_row(row.encode()) == decode_row(ROW.encode()) == ROW


def test_what_no_row_says_has_its_default() -> None:
    own = {name: value for name, value in asdict(ROW).items() if value is not None}
    assert decode_row(RowTemplate({}).row(own).encode()) == ROW


def test_inputs_that_are_no_json_are_told() -> None:
    with pytest.raises(TypeError):
        RowTemplate({}).row({"inputs": {"a": object()}}).encode()
