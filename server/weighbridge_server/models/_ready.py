"""From a pin to a model that may answer calls."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from weighbridge_server.models._artefact import FETCH_LIMIT_S, BytesSource, fetch_artefact
from weighbridge_server.models._errors import SignatureError
from weighbridge_server.models._fit import Columns, find_misfit
from weighbridge_server.models._metadata import Metadata, read_metadata
from weighbridge_server.models._onnx import OnnxGraph
from weighbridge_server.models._pin import Pin
from weighbridge_server.models._score import ScoreRef, find_score
from weighbridge_server.models._signature import Signature
from weighbridge_server.models._smoke import try_smoke


@dataclass(frozen=True, slots=True)
class ReadyModel:
    """A verified, tried and warm model; `score` is None where no output is one."""

    pin: Pin
    graph: OnnxGraph
    metadata: Metadata
    score: ScoreRef | None
    misfit: str | None
    """Why it cannot answer by columns, None when it can: then its score is a probability."""

    loaded_at: datetime
    source: BytesSource
    has_copy: bool
    """Whether a restart here could do without the store."""

    @property
    def signature(self) -> Signature:
        """Tell what the graph takes and gives."""
        return self.graph.signature


def load_model(
    pin: Pin,
    columns: Columns,
    cache_dir: Path,
    *,
    must_fit: bool = True,
    s3_endpoint_url: str | None = None,
    fetch_limit_s: float = FETCH_LIMIT_S,
    threads: int = 1,
) -> ReadyModel:
    """Fetch, verify, load and try the pinned model.

    `columns` is what requests can supply. Raises a LoadError that names the cause and the next
    step, or a SignatureError: for a tensor of a type not served, and with `must_fit` for a model
    that the columns cannot fill.
    """
    artefact = fetch_artefact(
        pin, cache_dir, s3_endpoint_url=s3_endpoint_url, limit_s=fetch_limit_s
    )
    graph = OnnxGraph(artefact.content, threads=threads)
    metadata = read_metadata(graph.properties)
    score = find_score(metadata.score, graph.signature)
    misfit = find_misfit(graph.signature, metadata, score, columns)
    if must_fit and misfit is not None:
        raise SignatureError(misfit)
    try_smoke(graph, metadata.smoke, probability=misfit is None)
    return ReadyModel(
        pin=pin,
        graph=graph,
        metadata=metadata,
        score=score,
        misfit=misfit,
        loaded_at=datetime.now(UTC),
        source=artefact.source,
        has_copy=artefact.kept,
    )
