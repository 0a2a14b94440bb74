"""inference.GRPCInferenceService: each method converts, calls one use case, converts back."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Final

from weighbridge_server.inference import Call, Serving, Slot, UnfitTensorsError
from weighbridge_server.transport._adapter import Method
from weighbridge_server.transport._parsing import parse_bytes
from weighbridge_server.transport.openinference._answer import infer_content, metadata_message
from weighbridge_server.transport.openinference._expected import Expected
from weighbridge_server.transport.openinference._faults import unfit_error
from weighbridge_server.transport.openinference._names import check_names, find_mismatches
from weighbridge_server.transport.openinference._request import read_request
from weighbridge_server.transport.openinference.inference import open_inference_pb2 as pb

SERVICE: Final = pb.DESCRIPTOR.services_by_name["GRPCInferenceService"].full_name
_RELEASE: Final = version("weighbridge-server")


class OpenInferenceService:
    """Answers from the serving model, whichever it is; methods raise domain errors."""

    service: Final = SERVICE
    logged: Final = frozenset({"ModelInfer"})

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._expected = Expected.of(slot.current)

    def fits(self, _: Serving) -> bool:
        """Tell whether the model can be served: every model can."""
        return True

    @property
    def methods(self) -> Mapping[str, Method]:
        """Return the methods by their names in the proto."""
        return {
            "ServerLive": self.server_live,
            "ServerReady": self.server_ready,
            "ModelReady": self.model_ready,
            "ServerMetadata": self.server_metadata,
            "ModelMetadata": self.model_metadata,
            "ModelInfer": self.model_infer,
        }

    def server_live(self, content: bytes, _: Call, __: Serving) -> bytes:
        """Say that the process is there."""
        parse_bytes(pb.ServerLiveRequest, content)
        return pb.ServerLiveResponse(live=True).SerializeToString()

    def server_ready(self, content: bytes, _: Call, __: Serving) -> bytes:
        """Say whether calls should come here."""
        parse_bytes(pb.ServerReadyRequest, content)
        return pb.ServerReadyResponse(ready=self._slot.open).SerializeToString()

    def model_ready(self, content: bytes, _: Call, serving: Serving) -> bytes:
        """Say whether calls for a model should come here."""
        request = parse_bytes(pb.ModelReadyRequest, content)
        served = not find_mismatches(serving.model.pin, request.name, request.version)
        return pb.ModelReadyResponse(ready=served and self._slot.open).SerializeToString()

    def server_metadata(self, content: bytes, _: Call, __: Serving) -> bytes:
        """Name the server."""
        parse_bytes(pb.ServerMetadataRequest, content)
        return pb.ServerMetadataResponse(name="weighbridge", version=_RELEASE).SerializeToString()

    def model_metadata(self, content: bytes, _: Call, serving: Serving) -> bytes:
        """Tell the model's tensors."""
        request = parse_bytes(pb.ModelMetadataRequest, content)
        check_names(serving.model.pin, request.name, request.version)
        return metadata_message(serving.model).SerializeToString()

    def model_infer(self, content: bytes, call: Call, serving: Serving) -> bytes:
        """Run the model."""
        request = parse_bytes(pb.ModelInferRequest, content)
        pin = serving.model.pin
        check_names(pin, request.model_name, request.model_version, prefix="model_")
        expected = self._expected_of(serving)
        tensors, wanted = read_request(request, expected)
        try:
            inference = serving.inferrer.infer(tensors, wanted, call)
        except UnfitTensorsError as error:
            raise unfit_error(error, [given.name for given in request.inputs]) from error
        return infer_content(request, wanted, inference, expected)

    def _expected_of(self, serving: Serving) -> Expected:
        expected = self._expected
        if expected.pin is not serving.model.pin:
            expected = self._expected = Expected.of(serving)
        return expected
