"""Whatever is sent, a server answers with a code of the table, and goes on serving."""

import os
from collections import Counter, deque
from collections.abc import Sequence
from random import Random
from typing import Any

import grpc
import numpy as np
import psutil
import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from grpc_health.v1 import health_pb2

from tests.fix_models import NUMBERS
from tests.fix_server import ServerProcess
from tests.fuzzing import Fuzzer
from tests.shipments import GOOD, batch, single
from tests.tensor_models import infer_request
from weighbridge_server.transport.openinference.inference import open_inference_pb2 as pb

NAME = "LogisticsDelayModel"
DELAY, OPEN = "logistics.delay.v1.DelayService", "inference.GRPCInferenceService"
CALLS = 13_000  # of each method
IN_FLIGHT = 48
EXPECTED = {"OK", "INVALID_ARGUMENT", "NOT_FOUND"}
TENSORS: dict[str, Any] = {
    "timestamp": ("INT64", np.array([1_700_000_000, 0])),
    "asset_id": ("BYTES", np.array(["Truck_7", "ü"], object)),
    "traffic_status": ("BYTES", np.array(["clear", ""], object)),
    "delay_reason": ("BYTES", np.array(["none", "x"], object)),
    **{name: ("FP32", np.array([1.5, -7], np.float32)) for name in NUMBERS},
}
GOOD_REQUESTS: dict[str, Sequence[Message]] = {
    f"{DELAY}/Predict": [single(), single(asset_id="x")],
    f"{DELAY}/PredictBatch": [batch([GOOD]), batch([GOOD, {**GOOD, "latitude_deg": 100.0}])],
    f"{OPEN}/ModelMetadata": [pb.ModelMetadataRequest(name=NAME, version="7")],
    f"{OPEN}/ModelInfer": [
        infer_request(tensors, raw=raw, model=NAME, outputs=outputs)
        for raw in (True, False)
        for tensors in (TENSORS, {name: (kind, t[:1]) for name, (kind, t) in TENSORS.items()})
        for outputs in ([], [pb.ModelInferRequest.InferRequestedOutputTensor(name="probability")])
    ],
}


@pytest.mark.parametrize("method", GOOD_REQUESTS)
def test_no_message_breaks_a_server(method: str, server: ServerProcess) -> None:
    seed = int(os.environ.get("WEIGHBRIDGE_FUZZ_SEED", Random().getrandbits(32)))
    print(f"WEIGHBRIDGE_FUZZ_SEED={seed}")  # noqa: T201 - shown when it fails
    fuzzer = Fuzzer(GOOD_REQUESTS[method], Random(seed))
    call: Any = server.channel.unary_unary(f"/{method}")
    codes: Counter[str] = Counter()
    under_way: deque[tuple[bytes, Any]] = deque()
    for message in fuzzer.messages(1000):
        codes[outcome(message, call.future(message, timeout=60))] += 1
    before = psutil.Process(server.process.pid).memory_info().rss
    for message in fuzzer.messages(CALLS - 1000):
        under_way.append((message, call.future(message, timeout=60)))
        if len(under_way) >= IN_FLIGHT:
            codes[outcome(*under_way.popleft())] += 1
    codes.update(outcome(*one) for one in under_way)
    print(codes)  # noqa: T201 - shown when it fails
    assert codes.total() == CALLS
    assert set(codes) <= EXPECTED
    # Neither all refused at the door nor all let through.
    assert min(codes["OK"], codes["INVALID_ARGUMENT"]) > CALLS / 50
    answer = server.health.Check(health_pb2.HealthCheckRequest(), timeout=10)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert server.process.poll() is None
    assert "a call failed" not in server.messages
    grown = psutil.Process(server.process.pid).memory_info().rss - before
    assert grown < 100 * 1024 * 1024


def outcome(message: bytes, future: Any) -> str:
    """Wait for a call; return its code after a look at what a refusal says."""
    error = future.exception()
    if error is None:
        return "OK"
    code = error.code()
    trailers = dict(error.trailing_metadata() or ())
    where = f"{code} {error.details()} for {message.hex()}"
    assert "grpc-status-details-bin" in trailers, where
    if error.details().startswith("the bytes are no "):
        assert code is grpc.StatusCode.INVALID_ARGUMENT, where
    else:
        bad = BadRequest()
        for detail in Status.FromString(trailers["grpc-status-details-bin"]).details:
            detail.Unpack(bad)
        assert bad.field_violations, where
        assert all(item.field and item.description for item in bad.field_violations), where
    name: str = code.name
    return name
