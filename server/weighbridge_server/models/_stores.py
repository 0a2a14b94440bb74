"""Where artefacts lie: s3:// and file://, read within a limit."""

import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from weighbridge_server._beside import start_beside
from weighbridge_server.models._errors import (
    ArtefactMissingError,
    BrokenArtefactError,
    StoreUnreachableError,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK_BYTES = 1 << 16


class _TooLateError(Exception):
    """Nobody waits for the bytes any more."""


def read_artefact(uri: str, *, s3_endpoint_url: str | None, limit_s: float) -> bytes:
    """Return the object at `uri`.

    Raises ArtefactMissingError, StoreUnreachableError, also when it took longer than the limit,
    and BrokenArtefactError for an address that is none, or neither s3 nor file.
    """
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise BrokenArtefactError(
            f"the model's address {uri!r}: {error}; pin or register it again"
        ) from None
    if parts.scheme == "file":
        read = partial(_read_file, Path(unquote(parts.path)))
    elif parts.scheme == "s3":
        read = partial(_read_s3, parts.netloc, parts.path.lstrip("/"), s3_endpoint_url)
    else:
        raise BrokenArtefactError(
            f"the model's address {uri!r}: only s3:// and file:// are served; "
            "pin or register it again"
        )
    # Libraries limit each step alone, and a store may make any number of them.
    reading = start_beside(partial(read, time.monotonic() + limit_s), "store")
    try:
        return reading.result(limit_s)
    except (TimeoutError, _TooLateError):
        raise StoreUnreachableError(
            f"{uri} did not come within {limit_s:g} s; look after the store and the way to it"
        ) from None


def _read_file(path: Path, deadline_s: float) -> bytes:
    try:
        with path.open("rb") as file:
            return _read_all(file.read, deadline_s)
    except FileNotFoundError:
        raise ArtefactMissingError(f"no file {path}; correct MODEL_URI") from None
    except ValueError as error:  # a name that no file can have
        raise BrokenArtefactError(
            f"the model's address {str(path)!r}: {error}; correct MODEL_URI"
        ) from None
    except OSError as error:
        raise StoreUnreachableError(
            f"cannot read {path}: {error.strerror}; let this process read it, or correct MODEL_URI"
        ) from error


def _read_s3(bucket: str, key: str, endpoint_url: str | None, deadline_s: float) -> bytes:
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        PartialCredentialsError,
    )

    where = f"s3://{bucket}/{key} at {endpoint_url or 'AWS'}"
    try:
        # Both keep the connection: what was cut short leaves it to the client.
        with (
            closing(_s3_client(endpoint_url)) as client,
            closing(client.get_object(Bucket=bucket, Key=key)["Body"]) as body,
        ):
            return _read_all(body.read, deadline_s)
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


def _read_all(read: Callable[[int], bytes], deadline_s: float) -> bytes:
    chunks: list[bytes] = []
    while chunk := read(_CHUNK_BYTES):
        # Whoever waited has given up; this thread should not go on for as long as a store likes.
        if time.monotonic() > deadline_s:
            raise _TooLateError
        chunks.append(chunk)
    return b"".join(chunks)
