"""Tensors: what is written is read, and one row has one answer however it is asked."""

from collections.abc import Mapping
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from onnx import helper

from logistics.delay.v1.shipment_pb2 import DelayReason, TrafficStatus
from tests.fix_models import NUMBERS, build_model
from tests.fix_served import Serve, Served
from tests.fuzzing import Fuzzer
from tests.shipments import batch, single
from tests.tensor_models import (
    DTYPES,
    TYPED_FIELDS,
    TYPES,
    Tensor,
    answered,
    artefact,
    echo,
    infer_request,
)
from weighbridge_server.inference import BatchRows
from weighbridge_server.transport import RequestError

NUMBER = st.floats(0, 60, allow_nan=False)
ROW: Mapping[str, st.SearchStrategy[Any]] = {
    "timestamp_unix_ms": st.integers(946_684_800_000, 4_102_444_799_999),
    "asset_id": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    **dict.fromkeys(NUMBERS, NUMBER),
    "traffic_status": st.integers(1, 3),
    "delay_reason": st.integers(1, 4),
}
TRAFFIC = {number: name[15:].lower() for name, number in TrafficStatus.items()}
REASON = {number: name[13:].lower() for name, number in DelayReason.items()}


@pytest.fixture(scope="module")
def delay(serve: Serve) -> Served:
    return serve(build_model(), BatchRows.OFF)


def tensors_of(rows: list[dict[str, Any]]) -> dict[str, tuple[str, Tensor]]:
    """Say a batch's rows as the tensors that the model takes."""
    found = {
        "timestamp": ("INT64", [row["timestamp_unix_ms"] // 1000 for row in rows]),
        "asset_id": ("BYTES", [row["asset_id"] for row in rows]),
        "traffic_status": ("BYTES", [TRAFFIC[row["traffic_status"]] for row in rows]),
        "delay_reason": ("BYTES", [REASON[row["delay_reason"]] for row in rows]),
        **{name: ("FP32", [row[name] for row in rows]) for name in NUMBERS},
    }
    return {name: (kind, np.array(values, DTYPES[kind])) for name, (kind, values) in found.items()}


@given(st.lists(st.fixed_dictionaries(dict(ROW)), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_typed_service_raw_and_typed_tensors_give_the_same_bits(
    delay: Served, rows: list[dict[str, Any]]
) -> None:
    expected = np.array(delay.predict_batch(batch(rows)).probabilities)
    for raw in (True, False):
        answer = delay.infer(infer_request(tensors_of(rows), raw=raw))
        found = answered(answer)["probability"].astype(np.float64)
        assert found.tobytes() == expected.tobytes()
        assert bool(answer.raw_output_contents) == raw
    assert delay.predict(single(rows[0])).probability == expected[0]


def elements(kind: str) -> st.SearchStrategy[Any]:
    if kind == "BYTES":
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    return st_numpy.from_dtype(np.dtype(DTYPES[kind]))


@pytest.mark.parametrize("kind", TYPES)
def test_every_data_type_comes_back_as_it_went(kind: str, serve: Serve) -> None:
    back = serve(echo(kind, shape=("rows", None)), BatchRows.OFF)
    shapes = st.tuples(st.integers(1, 90), st.integers(1, 3))

    @given(st_numpy.arrays(DTYPES[kind], shapes, elements=elements(kind)))
    @settings(max_examples=30, deadline=None)
    def check(tensor: Tensor) -> None:
        for raw in (True, False) if kind in TYPED_FIELDS else (True,):
            answer = back.infer(infer_request({kind: (kind, tensor)}, raw=raw))
            (found,) = answered(answer).values()
            assert (found.dtype, found.shape) == (tensor.dtype, tensor.shape)
            assert np.array_equal(found, tensor, equal_nan=tensor.dtype.kind == "f")

    check()


def test_half_floats_answer_raw_whatever_was_asked(serve: Serve) -> None:
    halves = serve(
        artefact(
            [helper.make_node("Cast", ["x"], ["half"], to=TYPES["FP16"])],
            {"x": ("FP32", ["rows"])},
            {"half": ("FP16", ["rows"])},
            {"x": [1.5]},
        )
    )
    tensor = np.array([0.5, -2], np.float32)
    answer = halves.infer(infer_request({"x": ("FP32", tensor)}, raw=False))
    assert answer.raw_output_contents
    assert answered(answer)["half"].tolist() == [0.5, -2]


def test_no_message_is_answered_with_anything_but_an_error_of_the_table(serve: Serve) -> None:
    every = serve(echo(*TYPES, shape=("rows", None)), BatchRows.OFF)
    tensors = {
        kind: (kind, np.full((2, 3), "a" if kind == "BYTES" else 1, DTYPES[kind])) for kind in TYPES
    }
    seed = Random().getrandbits(32)
    print(f"seed {seed}")  # noqa: T201 - shown when it fails
    good = [infer_request(tensors, raw=True), infer_request(tensors, raw=True, id="x")]
    answers = 0
    for content in Fuzzer(good, Random(seed)).messages(4_000):
        try:
            every.infer_content(content)
        except RequestError:
            continue
        answers += 1
    assert 400 < answers < 3_600
