"""What pods run: one part in the foreground, told everything by its environment."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import boto3
import psutil
import psycopg
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.counting import eventually
from tests.fix_ports import HeldPorts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_WITHIN_S = 40.0
_KEYS = {"AWS_ACCESS_KEY_ID": "pod", "AWS_SECRET_ACCESS_KEY": "pod-secret"}
_PASSWORDS = {"WEIGHBRIDGE_DATABASE_PASSWORD": "one's %", "MLFLOW_DATABASE_PASSWORD": "other"}


class Serve(Protocol):
    def __call__(self, part: str, **environment: str) -> "subprocess.Popen[str]": ...


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start `serve PART` with these variables and no other; end what still runs."""
    started: list[subprocess.Popen[str]] = []

    def start(part: str, **environment: str) -> "subprocess.Popen[str]":
        with (tmp_path / f"{part}.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "weighbridge_stack", "serve", part],
                env={
                    "PATH": os.environ["PATH"],
                    "WEIGHBRIDGE_HOME": str(tmp_path / "home"),
                    **environment,
                },
                stdout=log,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        started.append(process)
        return process

    yield start
    for process in reversed(started):
        end(process)


def end(process: "subprocess.Popen[str]") -> int:
    """Ask a process to end as a kubelet does; return its code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=20)


def kill_all(process: "subprocess.Popen[str]") -> None:
    """Kill a process and all below it, as the end of a node does."""
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait(timeout=20)
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, timeout=20)


def connect(port: int, role: str, password: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(
        host="127.0.0.1", port=port, user=role, password=password, dbname=role, connect_timeout=2
    )


def accepts(port: int, role: str, password: str) -> None:
    try:
        connect(port, role, password).close()
    except psycopg.OperationalError as error:
        raise AssertionError(str(error)) from error


@pytest.fixture
def port(held_ports: HeldPorts) -> int:
    return held_ports()


def test_postgres_makes_both_databases_and_keeps_them(serve: Serve, port: int) -> None:
    process = serve("postgres", WEIGHBRIDGE_POSTGRES_PORT=str(port), **_PASSWORDS)
    eventually(lambda: accepts(port, "mlflow", "other"), _WITHIN_S)
    with connect(port, "weighbridge", "one's %") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    idle = connect(port, "weighbridge", "one's %")

    assert end(process) == 0, "an idle client must not hold up the end"
    idle.close()

    changed = {**_PASSWORDS, "MLFLOW_DATABASE_PASSWORD": "new"}
    serve("postgres", WEIGHBRIDGE_POSTGRES_PORT=str(port), **changed)
    eventually(lambda: accepts(port, "mlflow", "new"), _WITHIN_S)
    with connect(port, "weighbridge", "one's %") as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(port, "mlflow", "other")


def test_the_superuser_comes_in_by_the_socket_alone(
    serve: Serve, port: int, tmp_path: Path
) -> None:
    serve("postgres", WEIGHBRIDGE_POSTGRES_PORT=str(port), **_PASSWORDS)
    eventually(lambda: accepts(port, "mlflow", "other"), _WITHIN_S)
    with pytest.raises(psycopg.OperationalError, match=r"pg_hba\.conf rejects"):
        connect(port, "postgres", "")
    sockets = tmp_path / "home" / "run"
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    with psycopg.connect(host=str(sockets), port=port, user="postgres") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("postgres",)
    log = (tmp_path / "postgres.log").read_text()
    assert not [password for password in _PASSWORDS.values() if password in log]


def test_postgres_starts_on_a_volume_that_was_opened_to_a_group(
    serve: Serve, port: int, tmp_path: Path
) -> None:
    process = serve("postgres", WEIGHBRIDGE_POSTGRES_PORT=str(port), **_PASSWORDS)
    eventually(lambda: accepts(port, "mlflow", "other"), _WITHIN_S)
    kill_all(process)
    for folder in ("postgres", "run"):
        (tmp_path / "home" / folder).chmod(0o2770)  # what `fsGroup` does

    serve("postgres", WEIGHBRIDGE_POSTGRES_PORT=str(port), **_PASSWORDS)
    eventually(lambda: accepts(port, "mlflow", "other"), _WITHIN_S)


def test_s3_keeps_objects_and_lets_in_one_key_pair(serve: Serve, port: int) -> None:
    def client(secret: str) -> "S3Client":
        return boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="pod",
            aws_secret_access_key=secret,
            region_name="us-east-1",
        )

    def put() -> None:
        try:
            client("pod-secret").put_object(Bucket="mlflow", Key="a/b", Body=b"7")
        except BotoCoreError as error:
            raise AssertionError(str(error)) from error

    def get() -> None:
        try:
            body = client("pod-secret").get_object(Bucket="mlflow", Key="a/b")["Body"]
        except BotoCoreError as error:
            raise AssertionError(str(error)) from error
        assert body.read() == b"7"

    process = serve("s3", WEIGHBRIDGE_S3_PORT=str(port), **_KEYS)
    eventually(put, _WITHIN_S)
    with pytest.raises(ClientError):
        client("guessed").get_object(Bucket="mlflow", Key="a/b")

    end(process)
    serve("s3", WEIGHBRIDGE_S3_PORT=str(port), **_KEYS)
    eventually(get, _WITHIN_S)


def test_mlflow_answers_to_its_names_only(
    serve: Serve, held_ports: HeldPorts, empty_database_url: str
) -> None:
    port = held_ports()
    name = f"mlflow.mlops-production.svc:{port}"
    process = serve(
        "mlflow",
        WEIGHBRIDGE_MLFLOW_PORT=str(port),
        MLFLOW_BACKEND_STORE_URI=empty_database_url.replace("postgresql:", "postgresql+psycopg:"),
        MLFLOW_SERVER_ALLOWED_HOSTS=name,
        **_KEYS,
    )

    def status(path: str, host: str) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": host})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError as error:
            raise AssertionError(str(error)) from error

    def healthy() -> None:
        assert status("/health", "10.244.0.7:5001") == 200

    eventually(healthy, 90)
    search = "/api/2.0/mlflow/registered-models/search"
    assert status(search, name) == 200
    assert status(search, f"other:{port}") == 403
    end(process)


def test_mlflow_ends_when_told_although_its_database_is_away(
    serve: Serve, held_ports: HeldPorts, tmp_path: Path
) -> None:
    nobody = f"postgresql+psycopg://mlflow:x@127.0.0.1:{held_ports()}/mlflow"
    process = serve(
        "mlflow",
        WEIGHBRIDGE_MLFLOW_PORT=str(held_ports()),
        MLFLOW_BACKEND_STORE_URI=nobody,
        **_KEYS,
    )

    def tries() -> None:
        assert "retried" in (tmp_path / "mlflow.log").read_text()

    eventually(tries, _WITHIN_S)
    assert end(process) == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("part", "environment", "said"),
    [
        ("postgres", {}, ["WEIGHBRIDGE_DATABASE_PASSWORD: ", "MLFLOW_DATABASE_PASSWORD: "]),
        ("postgres", {**_PASSWORDS, "MLFLOW_DATABASE_PASSWORD": ""}, ["MLFLOW_DATABASE_PASSWORD"]),
        ("s3", {}, ["AWS_ACCESS_KEY_ID: ", "AWS_SECRET_ACCESS_KEY: "]),
        ("s3", {**_KEYS, "AWS_ACCESS_KEY_ID": "a,b"}, ["AWS_ACCESS_KEY_ID: "]),
        ("s3", {**_KEYS, "AWS_ACCESS_KEY_ID": "ab"}, ["at least 3 characters"]),
        ("s3", {**_KEYS, "WEIGHBRIDGE_S3_PORT": "tcp://10.96.0.7:1"}, ["WEIGHBRIDGE_S3_PORT: "]),
        ("mlflow", {}, ["MLFLOW_BACKEND_STORE_URI: "]),
        (
            "mlflow",
            {"MLFLOW_BACKEND_STORE_URI": "postgresql://mlflow:hidden@db/mlflow"},
            ["MLFLOW_BACKEND_STORE_URI: it must begin with postgresql+psycopg://"],
        ),
    ],
)
def test_wrong_settings_end_it_with_a_line_for_each(
    serve: Serve, tmp_path: Path, part: str, environment: dict[str, str], said: list[str]
) -> None:
    assert serve(part, **environment).wait(timeout=20) == 2
    lines = (tmp_path / f"{part}.log").read_text().splitlines()
    assert len(lines) == len(said)
    for line, text in zip(lines, said, strict=True):
        assert text in line
        assert "hidden" not in line
