"""A real S3 server for tests: rclone over a plain folder, in which each sub-folder is a bucket."""

import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from tests.fix_ports import HeldPorts

_START_WITHIN_S = 20.0


@dataclass(frozen=True)
class S3:
    """Where the server is, and the folder that it serves."""

    port: int
    folder: Path
    access_key: str = "weighbridge"
    secret_key: str = "weighbridge-secret"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which every part of Weighbridge finds S3."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "MLFLOW_S3_ENDPOINT_URL": self.endpoint,
        }

    def client(self) -> "S3Client":
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
        )

    def make_bucket(self, name: str) -> None:
        (self.folder / name).mkdir(exist_ok=True)

    def read(self, uri: str) -> bytes:
        """Return the object that an s3:// address names."""
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        return self.client().get_object(Bucket=bucket, Key=key)["Body"].read()


@pytest.fixture(scope="session")
def s3(held_ports: "HeldPorts", tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """One server for all tests, with the bucket `mlflow`; starts in 0.1 s."""
    server = S3(held_ports(), tmp_path_factory.mktemp("s3"))
    server.make_bucket("mlflow")
    command = [
        str(Path(sysconfig.get_path("scripts")) / "rclone"),
        "serve",
        "s3",
        f"--auth-key={server.access_key},{server.secret_key}",
        f"--addr=127.0.0.1:{server.port}",
        "--no-cleanup",
        f"--config={server.folder.parent / 'no-rclone.conf'}",
        str(server.folder),
    ]
    log = tmp_path_factory.mktemp("s3-log") / "rclone.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait_for_port(server.port, process, log)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for_port(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_WITHIN_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"rclone did not start: {log.read_text()}")
            time.sleep(0.02)  # between two looks at a condition
