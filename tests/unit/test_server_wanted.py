"""What nobody waits for any more does not reach the model."""

import time

import pytest

from tests.fix_served import Serve, Served
from tests.shipments import GOOD, batch
from weighbridge_server.inference import Call, Slot
from weighbridge_server.transport import DelayService


class GoneError(Exception):
    """The caller is."""


def leave() -> None:
    raise GoneError


@pytest.fixture
def served(serve: Serve, model_bytes: bytes) -> Served:
    return serve(model_bytes)


def test_a_batch_is_not_predicted(served: Served) -> None:
    service = DelayService(Slot(served.serving))
    call = Call("PredictBatch", time.perf_counter_ns(), check_wanted=leave)
    with pytest.raises(GoneError):
        service.predict_batch(batch([GOOD] * 3).SerializeToString(), call, served.serving)
    assert (served.rows, served.counted.batches) == ([], [])


def test_tensors_are_not_inferred(served: Served) -> None:
    call = Call("ModelInfer", time.perf_counter_ns(), check_wanted=leave)
    with pytest.raises(GoneError):
        served.serving.inferrer.infer({}, ["probability"], call)
    assert served.rows == []
