"""Look a model up in the MLflow registry."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge_ingress.git import without_credentials
from weighbridge_rollout._errors import PinError

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

_CONNECT_TIMEOUT_S = 5.0
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """One version in the registry, and the bytes it stands for."""

    name: str
    version: str
    uri: str
    """Where the artefact itself lies, s3://…/model.onnx."""
    sha256: str
    """64 hex digits, as registered."""


def find_model(
    tracking_uri: str, name: str, *, version: str | None, alias: str | None
) -> RegisteredModel:
    """Return the version asked for, by number or by alias; PinError if there is no such version."""
    if (version is None) == (alias is None):
        raise PinError("say which model: either a version or an alias")
    _check_reachable(tracking_uri)
    found = _look_up(tracking_uri, name, version, alias)
    missing = [tag for tag in ("uri", "sha256") if not found.tags.get(tag)]
    if missing or not _SHA256.fullmatch(found.tags["sha256"]):
        raise PinError(
            f"{name} version {found.version} was registered without its artefact's address and "
            "SHA-256 (tags uri and sha256): register it again by `weighbridge model register`"
        )
    model = RegisteredModel(name, str(found.version), found.tags["uri"], found.tags["sha256"])
    if not (name + model.uri).isprintable():
        raise PinError(
            f"{name!r} version {model.version} is registered at {model.uri!r}: neither may hold "
            "control characters. Register it again"
        )
    return model


def _look_up(tracking_uri: str, name: str, version: str | None, alias: str | None) -> ModelVersion:
    # Here, not above: two seconds that only pinning needs.
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    try:
        if alias is not None:
            return client.get_model_version_by_alias(name, alias)
        return client.get_model_version(name, str(version))
    except MlflowException as error:
        asked = f"alias {alias}" if alias is not None else f"version {version}"
        reason = without_credentials(str(error).splitlines()[0])
        raise PinError(f"the registry has no {name} {asked}: {reason}") from error


def _check_reachable(tracking_uri: str) -> None:
    """Fail fast: MLflow's own client would try for minutes."""
    if not tracking_uri.startswith(("http://", "https://")):
        return  # a folder or a database: nothing to connect to
    try:
        urllib.request.urlopen(tracking_uri, timeout=_CONNECT_TIMEOUT_S).close()  # noqa: S310
    except urllib.error.HTTPError:
        return  # it answers; whether it lets us in, MLflow's client finds out
    except OSError as error:
        reason = getattr(error, "reason", error)
        place = without_credentials(tracking_uri)
        raise PinError(
            f"the model registry at {place} does not answer ({reason}): "
            "is it running? `make up` starts the local one"
        ) from error
