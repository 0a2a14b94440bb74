"""Register a model that was trained elsewhere, from its ONNX file and an example."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlflow.exceptions import MlflowException

from weighbridge_training._errors import RegistrationError
from weighbridge_training._example import read_example
from weighbridge_training._facts import Stamped, stamp
from weighbridge_training._graph_file import read_graph
from weighbridge_training._registry import RegisteredVersion, Registry, wait_for_server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlflow.entities.model_registry import ModelVersion

TOLERANCE: Final = 1e-5
# What MLflow takes as a name, and its filters as a text in quotes.
_NAME: Final = re.compile(r"[\w.-]([\w .-]*[\w.-])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Registration:
    """A registered version, and what one should know of it."""

    name: str
    version: RegisteredVersion
    signature: str
    score: str | None
    notes: tuple[str, ...]


def register_model(
    tracking_uri: str,
    file: Path,
    *,
    name: str,
    example: Path,
    score: str | None = None,
    threshold: float | None = None,
    metrics: Mapping[str, float] | None = None,
    alias: str | None = None,
    description: str = "",
    tolerance: float = TOLERANCE,
) -> Registration:
    """Check a model, record how it answers the example, and make it a version of `name`.

    The same file with the same facts is not registered twice: its version comes back, and only the
    alias is set. Raises ModelFileError, ExampleError, RegistrationError. Needs the S3 access
    variables in the environment (AWS_*, MLFLOW_S3_ENDPOINT_URL).
    """
    if not _NAME.fullmatch(name):
        raise RegistrationError(
            f"{name!r} cannot be a model's name: take letters, digits, spaces and “-”, “_”, “.”"
        )
    graph = read_graph(file)
    made = stamp(
        graph,
        read_example(example, graph.inputs),
        score=score,
        threshold=threshold,
        metrics=metrics or {},
        tolerance=tolerance,
    )
    wait_for_server(tracking_uri, 0)
    registry = Registry(tracking_uri, name, experiment=name)
    before = registry.search()
    try:
        version = _known(before, made) or _add(registry, made, file.name, description)
        if alias is not None:
            registry.set_alias(alias, version.number)
    except MlflowException as error:
        raise RegistrationError(f"MLflow did not take it: {error}") from error
    notes = tuple(_notes(before, made) if version.created else ())
    return Registration(name, version, graph.signature, made.facts.get("score"), notes)


def _known(versions: Sequence[ModelVersion], made: Stamped) -> RegisteredVersion | None:
    for one in versions:
        if one.tags.get("content_sha256") == made.sha256:
            uri, sha256 = one.tags["uri"], one.tags["sha256"]
            return RegisteredVersion(int(one.version), one.run_id or "", uri, sha256, "", False)
    return None


def _add(registry: Registry, made: Stamped, title: str, description: str) -> RegisteredVersion:
    registry.ensure_model(description)
    run = registry.open_run(title)
    try:
        content = made.content(run.run_id)
        params = {key: made.facts[key] for key in ("score", "threshold") if key in made.facts}
        params |= {"file": title, "signature": made.graph.signature[:6000]}
        registry.store(run, content, params=params, metrics=made.metrics)
    except BaseException:
        registry.discard(run)
        raise
    tags = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "content_sha256": made.sha256,
        "signature": made.graph.signature,
    }
    return registry.add_version(run, description or title, tags)


def _notes(before: Sequence[ModelVersion], made: Stamped) -> list[str]:
    notes = []
    newest = max(before, key=lambda one: int(one.version), default=None)
    other = newest.tags.get("signature") if newest else None
    if newest and other and other != made.graph.signature:
        notes.append(
            f"version {newest.version} has another signature ({other}): who sends one kind of "
            "tensor cannot be split between the two"
        )
    if "score" not in made.facts:
        notes.append(
            "no output is the score, so rows of the log have none and versions cannot be "
            "compared by it; name one by --score"
        )
    return notes
