"""Where artefacts lie: s3:// and file:// as streams of bytes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from weighbridge_server.models._errors import (
    ArtefactMissingError,
    BrokenArtefactError,
    StoreUnreachableError,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK_BYTES = 1 << 20


def read_artefact(uri: str, *, s3_endpoint_url: str | None) -> Iterator[bytes]:
    """Stream the object at `uri` in chunks.

    Raises ArtefactMissingError or StoreUnreachableError, also between two chunks, and
    BrokenArtefactError for a scheme that is not s3 or file.
    """
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return _read_file(Path(unquote(parts.path)))
    if parts.scheme == "s3":
        return _read_s3(parts.netloc, parts.path.lstrip("/"), s3_endpoint_url)
    raise BrokenArtefactError(
        f"the model's address {uri!r}: only s3:// and file:// are served; pin or register it again"
    )


def _read_file(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from _chunks(file.read)
    except FileNotFoundError:
        raise ArtefactMissingError(f"no file {path}; correct MODEL_URI") from None
    except OSError as error:
        raise StoreUnreachableError(
            f"cannot read {path}: {error.strerror}; let this process read it, or correct MODEL_URI"
        ) from error


def _read_s3(bucket: str, key: str, endpoint_url: str | None) -> Iterator[bytes]:
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        PartialCredentialsError,
    )

    where = f"s3://{bucket}/{key} at {endpoint_url or 'AWS'}"
    try:
        body = _s3_client(endpoint_url).get_object(Bucket=bucket, Key=key)["Body"]
        yield from _chunks(body.read)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        if code in {"NoSuchKey", "NoSuchBucket", "404"}:
            raise ArtefactMissingError(
                f"{where}: {code}; pin a version whose artefact exists"
            ) from error
        raise StoreUnreachableError(f"{where}: refused ({code}); check the AWS keys") from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise StoreUnreachableError(
            f"{where}: {error}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from error
    except (BotoCoreError, ValueError) as error:  # a ValueError for an address that is none
        raise StoreUnreachableError(
            f"{where}: {error}; start the store or correct MLFLOW_S3_ENDPOINT_URL"
        ) from error


def _s3_client(endpoint_url: str | None) -> "S3Client":
    # boto3 takes a third of a second to import; file:// does without.
    import boto3
    from botocore.config import Config

    # A pod that cannot reach the store should say so and be restarted, not sit in retries.
    config = Config(
        connect_timeout=3,
        read_timeout=10,
        retries={"total_max_attempts": 3, "mode": "standard"},
        s3={"addressing_style": "path"} if endpoint_url else {},
    )
    return boto3.client("s3", endpoint_url=endpoint_url, config=config)


def _chunks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    while chunk := read(_CHUNK_BYTES):
        yield chunk
