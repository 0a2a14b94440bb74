"""From an alias to a pin: one question to MLflow's REST API.

Not by mlflow's own client: it would bring a web framework into the image, and tries for minutes.
"""

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, ValidationError

from weighbridge_server.models._errors import RegistryUnreachableError, UnresolvedAliasError
from weighbridge_server.models._pin import Pin

_PATH = "/api/2.0/mlflow/registered-models/alias"
_TIMEOUT_S = 10
_MAX_BYTES = 1 << 20
# The text is all that tells this 403 from the one of an access rule.
_FOREIGN_HOST = "Invalid Host header"


@dataclass(frozen=True, slots=True)
class Alias:
    """A registered model, the alias that picks its version, and the MLflow that knows both."""

    name: str
    alias: str
    tracking_uri: str


class _Tag(BaseModel):
    key: str
    value: str = ""


class _Version(BaseModel):
    version: str
    tags: list[_Tag] = []


class _Answer(BaseModel):
    model_version: _Version


def resolve_alias(alias: Alias) -> Pin:
    """Ask the registry which version the alias names now, and which bytes that is.

    Each step of the answer has ten seconds, but for finding the host's address, which the system
    bounds. Raises RegistryUnreachableError or UnresolvedAliasError.
    """
    version = _ask(alias)
    tags = {tag.key: tag.value for tag in version.tags if tag.value}
    try:
        return Pin(alias.name, version.version, tags["uri"], tags["sha256"], alias.alias)
    except (KeyError, ValueError):
        raise UnresolvedAliasError(
            f"{alias.name} version {version.version} (alias {alias.alias!r}) was registered "
            "without its artefact's address and SHA-256 (tags uri and sha256); register it again "
            "with this project's training, and move the alias there"
        ) from None


def _ask(alias: Alias) -> _Version:
    where = f"MLflow at {alias.tracking_uri}"
    try:
        refusal, body = _get(alias)
        if refusal is not None:
            _refused(alias, where, refusal, body)
        return _Answer.model_validate_json(body).model_version
    except ValidationError:
        raise RegistryUnreachableError(
            f"what answers at {alias.tracking_uri} is no MLflow; correct MLFLOW_TRACKING_URI"
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise RegistryUnreachableError(
            f"{where} does not answer: {reason}; start it, or correct MLFLOW_TRACKING_URI"
        ) from error


def _get(alias: Alias) -> tuple[int | None, bytes]:
    """Return the status if it is an error's, and what was answered."""
    query = urlencode({"name": alias.name, "alias": alias.alias})
    url = f"{alias.tracking_uri.rstrip('/')}{_PATH}?{query}"
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response:  # noqa: S310 - http only
            return None, response.read(_MAX_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(_MAX_BYTES)


def _refused(alias: Alias, where: str, status: int, body: bytes) -> NoReturn:
    """Say what an error answer means; MLflow names its own errors in JSON."""
    code = _error_code(body)
    if code == "RESOURCE_DOES_NOT_EXIST":
        raise UnresolvedAliasError(
            f"{where} has no model {alias.name!r}; register it, or correct MODEL_NAME"
        )
    if code == "INVALID_PARAMETER_VALUE":
        raise UnresolvedAliasError(
            f"{where} has no alias {alias.alias!r} of {alias.name}; set it there, or correct "
            "MODEL_ALIAS"
        )
    if status == http.client.FORBIDDEN and _FOREIGN_HOST in body.decode(errors="replace"):
        host = urlsplit(alias.tracking_uri).netloc
        raise RegistryUnreachableError(
            f"{where} does not go by that name (403, {_FOREIGN_HOST}); add {host} to "
            "MLFLOW_SERVER_ALLOWED_HOSTS of MLflow"
        )
    if status in {http.client.UNAUTHORIZED, http.client.FORBIDDEN}:
        raise RegistryUnreachableError(
            f"{where} refuses us ({status}); a model server asks without credentials: let it "
            "read without them, or pin the version instead"
        )
    raise RegistryUnreachableError(
        f"{where} answers {f'{status} {code}'.strip()}; "
        "look into its log, or correct MLFLOW_TRACKING_URI"
    )


def _error_code(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    return str(answer.get("error_code", "")) if isinstance(answer, dict) else ""
