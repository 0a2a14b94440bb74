"""From a pin to a model that may answer calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from weighbridge_server.models._artefact import BytesSource, fetch_artefact
from weighbridge_server.models._errors import SmokeTestError
from weighbridge_server.models._metadata import Metadata, Smoke, read_metadata
from weighbridge_server.models._onnx import OnnxGraph
from weighbridge_server.models._pin import Pin
from weighbridge_server.models._signature import Kind, Signature, check_signature
from weighbridge_server.models._tensors import to_tensors

_WARM_UP_RUNS = 20


@dataclass(frozen=True, slots=True)
class ReadyModel:
    """A verified, tried and warm model."""

    pin: Pin
    graph: OnnxGraph
    metadata: Metadata
    loaded_at: datetime
    source: BytesSource

    @property
    def signature(self) -> Signature:
        """Tell what the graph takes and gives."""
        return self.graph.signature


def load_model(
    pin: Pin, columns: Mapping[str, Kind], cache_dir: Path, *, s3_endpoint_url: str | None = None
) -> ReadyModel:
    """Fetch, verify, load and try the pinned model; `columns` is what requests can supply.

    Raises a ModelError that names the cause and the next step.
    """
    content, source = fetch_artefact(pin, cache_dir, s3_endpoint_url=s3_endpoint_url)
    graph = OnnxGraph(content)
    check_signature(graph.signature, columns)
    metadata = read_metadata(graph.properties)
    for _ in range(_WARM_UP_RUNS):
        _try_smoke(graph, metadata.smoke)
    return ReadyModel(pin, graph, metadata, datetime.now(UTC), source)


def _try_smoke(graph: OnnxGraph, smoke: Smoke) -> None:
    missing = {spec.name for spec in graph.signature.inputs} - smoke.inputs.keys()
    if missing:
        raise SmokeTestError(f"the recorded smoke inputs lack {sorted(missing)}; export it again")
    columns = {name: np.array(values) for name, values in smoke.inputs.items()}
    expected = np.array(smoke.probability)
    found = graph.run(to_tensors(graph.signature, columns), rows=len(expected))
    if not np.allclose(found, expected, rtol=0, atol=smoke.tolerance):
        raise SmokeTestError(
            f"the smoke prediction is {found.tolist()}, training recorded {expected.tolist()}; "
            "compare the onnxruntime versions, or export and pin the model again"
        )
