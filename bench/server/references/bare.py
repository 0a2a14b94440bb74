"""The reference: grpcio, the delay messages and the same graph; no checks, ids, log or metrics.

python -m bench.server.references.bare PORT THREADS MODEL.onnx
"""

import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt
from google.protobuf.message import Message

from bench.server._session import one_thread_session
from logistics.delay.v1 import delay_service_pb2 as pb
from logistics.delay.v1.model_pb2 import ModelVersion
from weighbridge_server.transport.openinference.inference import open_inference_pb2 as oip

# As long as a real one, so that the network's share is the same.
_ID = "0" * 36
_VERSION = ModelVersion(name="LogisticsDelayModel", version="7", digest=f"sha256:{'0' * 64}")
_THRESHOLD = 0.5
_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(int64)": np.int64,
    "tensor(string)": np.object_,
}
_LABELS = {
    "traffic_status": ("", "clear", "detour", "heavy"),
    "delay_reason": ("", "none", "weather", "traffic", "mechanical_failure"),
}


Feed = dict[str, npt.NDArray[Any]]


class BareService:
    """Does what an answer needs and nothing else."""

    def __init__(self, model: Path) -> None:
        self._session = one_thread_session(model)
        self._inputs = [(node.name, _DTYPES[node.type]) for node in self._session.get_inputs()]

    def predict(self, request: pb.PredictRequest, _: Any) -> pb.PredictResponse:
        """Answer one shipment."""
        shipment = request.shipment
        feed: Feed = {name: np.array([_value(shipment, name)], kind) for name, kind in self._inputs}
        score = float(self._session.run(None, feed)[0][0])
        return pb.PredictResponse(
            prediction_id=_ID, probability=score, late=score >= _THRESHOLD, model=_VERSION
        )

    def predict_batch(self, request: pb.PredictBatchRequest, _: Any) -> pb.PredictBatchResponse:
        """Answer many shipments."""
        columns = request.shipments
        feed: Feed = {name: np.array(_column(columns, name), kind) for name, kind in self._inputs}
        scores = self._session.run(None, feed)[0]
        return pb.PredictBatchResponse(
            prediction_ids=[_ID] * len(scores),
            probabilities=scores.tolist(),
            late=(scores >= _THRESHOLD).tolist(),
            model=_VERSION,
        )

    def model_infer(self, request: oip.ModelInferRequest, _: Any) -> oip.ModelInferResponse:
        """Answer tensors."""
        feed: Feed = {}
        for given, content in zip(request.inputs, request.raw_input_contents, strict=True):
            feed[given.name] = _tensor(given.datatype, content)
        scores = self._session.run(None, feed)[0]
        answer = oip.ModelInferResponse(model_name=_VERSION.name, model_version=_VERSION.version)
        answer.outputs.add(name="probability", datatype="FP32", shape=scores.shape)
        answer.raw_output_contents.append(scores.tobytes())
        return answer

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """Return what a gRPC server takes."""
        delay: dict[str, Any] = {
            "Predict": _handler(self.predict, pb.PredictRequest),
            "PredictBatch": _handler(self.predict_batch, pb.PredictBatchRequest),
        }
        tensors: dict[str, Any] = {"ModelInfer": _handler(self.model_infer, oip.ModelInferRequest)}
        return [
            grpc.method_handlers_generic_handler("logistics.delay.v1.DelayService", delay),
            grpc.method_handlers_generic_handler("inference.GRPCInferenceService", tensors),
        ]


def _handler(behaviour: Any, request: type[Message]) -> "grpc.RpcMethodHandler[Any, Any]":
    return grpc.unary_unary_rpc_method_handler(
        behaviour, request.FromString, lambda answer: answer.SerializeToString()
    )


def _tensor(datatype: str, content: bytes) -> npt.NDArray[Any]:
    if datatype != "BYTES":
        return np.frombuffer(content, {"FP32": np.float32, "INT64": np.int64}[datatype])
    values, position = [], 0
    while position < len(content):
        (size,) = struct.unpack_from("<I", content, position)
        position += 4 + size
        values.append(content[position - size : position].decode())
    return np.array(values, np.object_)


def _value(shipment: Any, name: str) -> Any:
    if name == "timestamp":
        return shipment.timestamp.seconds
    value = getattr(shipment, name)
    return _LABELS[name][value] if name in _LABELS else value


def _column(columns: Any, name: str) -> Any:
    if name == "timestamp":
        return np.array(columns.timestamp_unix_ms, np.int64) // 1000
    values = getattr(columns, name)
    return [_LABELS[name][value] for value in values] if name in _LABELS else values


def main() -> None:
    """Serve until killed."""
    port, threads, model = sys.argv[1:]
    server = grpc.server(
        ThreadPoolExecutor(int(threads)),
        BareService(Path(model)).handlers(),
        options=(("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)),
    )
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
