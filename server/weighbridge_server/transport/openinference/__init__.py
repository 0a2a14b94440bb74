"""The Open Inference Protocol's adapter: any model, as named tensors."""

from weighbridge_server.transport.openinference._service import SERVICE, OpenInferenceService
from weighbridge_server.transport.openinference.inference.open_inference_pb2 import DESCRIPTOR

__all__ = ["DESCRIPTOR", "SERVICE", "OpenInferenceService"]
