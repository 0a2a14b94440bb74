"""Read an artefact from the object store."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from weighbridge_ingress.git import without_credentials
from weighbridge_rollout._errors import PinError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.config import Config

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """How to reach the object store; None leaves a value to boto3's own sources."""

    endpoint_url: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    region: str | None = None

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> ObjectStore:
        """Read MLFLOW_S3_ENDPOINT_URL and the AWS_… variables; each may be unset."""
        return cls(
            endpoint_url=variables.get("MLFLOW_S3_ENDPOINT_URL") or None,
            access_key_id=variables.get("AWS_ACCESS_KEY_ID") or None,
            secret_access_key=variables.get("AWS_SECRET_ACCESS_KEY") or None,
            region=variables.get("AWS_DEFAULT_REGION") or None,
        )


def sha256_of(store: ObjectStore, uri: str) -> str:
    """Download an object and return the SHA-256 of its bytes, 64 hex digits."""
    # Here, not above: a third of a second that only pinning needs.
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    place = urlsplit(uri)
    key = place.path.lstrip("/")
    if place.scheme != "s3" or not place.netloc or not key:
        raise PinError(f"the model's address {uri} is not of the form s3://bucket/key")
    try:
        client = boto3.client(
            "s3",
            endpoint_url=store.endpoint_url,
            aws_access_key_id=store.access_key_id,
            aws_secret_access_key=store.secret_access_key,
            region_name=store.region,
            config=_config(store.endpoint_url),
        )
        body = client.get_object(Bucket=place.netloc, Key=key)["Body"]
        digest = hashlib.sha256()
        for chunk in body.iter_chunks(_CHUNK_BYTES):
            digest.update(chunk)
    except (BotoCoreError, ClientError) as error:
        reason = without_credentials(str(error))
        raise PinError(f"cannot read {uri} from the object store: {reason}") from error
    return digest.hexdigest()


def _config(endpoint_url: str | None) -> Config:
    """Return the settings by which servers read artefacts too: what can be pinned can be loaded."""
    from botocore.config import Config

    return Config(
        connect_timeout=3,
        read_timeout=10,
        retries={"total_max_attempts": 3, "mode": "standard"},
        s3={"addressing_style": "path"} if endpoint_url else {},
    )
