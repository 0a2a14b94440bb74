"""A server that takes its version from an alias: how it starts, and what ends a start."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from logistics.delay.v1 import delay_service_pb2 as pb
from logistics.delay.v1.model_pb2 import (
    BYTES_SOURCE_CACHE,
    BYTES_SOURCE_STORE,
    SOURCE_MODE_ALIAS,
    SOURCE_MODE_PINNED,
)
from tests.fix_models import ModelFile
from tests.fix_registry import Registry
from tests.fix_server import StartServer
from tests.shipments import single

Refusal = Callable[..., tuple[str, str]]


@pytest.fixture
def refusal(start_server: StartServer, model_file: ModelFile) -> Refusal:
    """Start a server that cannot serve; return the kind and the text of its last line."""

    def refusal(**variables: str) -> tuple[str, str]:
        server = start_server(model_file, **variables)
        assert server.process.wait(30) == 1, server.log
        last = json.loads(server.log.splitlines()[-1])
        assert last["message"] == "not serving"
        return last["kind"], last["error"]

    return refusal


def test_it_serves_the_version_that_the_alias_names(
    start_server: StartServer, model_file: ModelFile, registry: Registry
) -> None:
    tags = registry.register(model_file)
    number = registry.point("live", tags)
    server = start_server(model_file, **registry.asking("live"))
    assert server.stub.Predict(single(), timeout=10).model.version == number
    model = server.stub.GetModel(pb.GetModelRequest(), timeout=10).model
    assert (model.model.version, model.uri, model.alias) == (number, tags["uri"], "live")
    assert [(row.model_version, row.served_version) for row in server.rows] == [("1", "v1")]
    (line,) = (one for one in server.records if one["message"] == "serving")
    assert (line["mode"], line["alias"], line["version"]) == ("alias", "live", number)
    assert line["source"] == "store"
    assert (model.mode, model.source) == (SOURCE_MODE_ALIAS, BYTES_SOURCE_STORE)
    assert not model.HasField("last_error")


def test_a_pinned_server_with_a_copy_asks_nobody(
    start_server: StartServer, model_file: ModelFile, tmp_path: Path
) -> None:
    cache = {"WEIGHBRIDGE_MODEL_CACHE_DIR": str(tmp_path / "cache")}
    assert start_server(model_file, **cache).target
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}"
        asked = {"MLFLOW_TRACKING_URI": nobody, "MLFLOW_S3_ENDPOINT_URL": nobody}
        server = start_server(model_file, MODEL_URI="s3://mlflow/model.onnx", **cache, **asked)
        model = server.stub.GetModel(pb.GetModelRequest(), timeout=10).model
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert (model.mode, model.source) == (SOURCE_MODE_PINNED, BYTES_SOURCE_CACHE)
    assert (model.uri, model.alias) == ("s3://mlflow/model.onnx", "")


def test_a_configuration_that_cannot_be_used_ends_it(
    start_server: StartServer, model_file: ModelFile, registry: Registry, tmp_path: Path
) -> None:
    folder = tmp_path / "model-config"
    (folder / "MODEL_ALIAS").mkdir(parents=True)
    asking = registry.asking("", WEIGHBRIDGE_MODEL_CONFIG_DIR=str(folder))
    server = start_server(model_file, **asking)
    assert server.process.wait(30) == 2, server.log
    assert f"cannot read {folder / 'MODEL_ALIAS'}: Is a directory" in server.log


def test_an_unknown_model_ends_it(refusal: Refusal, registry: Registry) -> None:
    kind, text = refusal(**registry.asking("live") | {"MODEL_NAME": "Nobody"})
    assert kind == "UnresolvedAliasError"
    assert "has no model 'Nobody'; register it, or correct MODEL_NAME" in text
    assert registry.server.tracking_uri in text


def test_an_unknown_alias_ends_it(refusal: Refusal, registry: Registry) -> None:
    kind, text = refusal(**registry.asking("nothing"))
    assert kind == "UnresolvedAliasError"
    assert f"has no alias 'nothing' of {registry.name}; set it there" in text
    assert "MODEL_ALIAS" in text


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"uri": "s3://mlflow/x"},
        {"sha256": "0" * 64},
        {"uri": "", "sha256": "0" * 64},
        {"uri": "x", "sha256": "short"},
    ],
    ids=["none", "no digest", "no address", "empty address", "no such digest"],
)
def test_a_version_that_does_not_say_its_bytes_ends_it(
    tags: dict[str, str], refusal: Refusal, registry: Registry
) -> None:
    number = registry.point("live", tags)
    kind, text = refusal(**registry.asking("live"))
    assert kind == "UnresolvedAliasError"
    assert f"version {number} (alias 'live')" in text
    assert "tags uri and sha256" in text


def test_other_bytes_than_the_registered_end_it(
    refusal: Refusal, model_file: ModelFile, registry: Registry
) -> None:
    registry.point("live", registry.register(model_file) | {"sha256": "0" * 64})
    kind, text = refusal(**registry.asking("live"))
    assert kind == "DigestMismatchError"
    assert "version 1 was registered with 0000" in text
    assert "register the model again" in text


def test_a_name_that_mlflow_does_not_go_by_ends_it(refusal: Refusal, registry: Registry) -> None:
    # The same address in other words; a pod asks for host.docker.internal or a Service.
    other = registry.server.tracking_uri.replace("127.0.0.1", "127.1")
    kind, text = refusal(**registry.asking("live") | {"MLFLOW_TRACKING_URI": other})
    assert kind == "RegistryUnreachableError"
    assert f"add {other.removeprefix('http://')} to MLFLOW_SERVER_ALLOWED_HOSTS" in text


def test_an_address_where_nobody_listens_ends_it(refusal: Refusal, registry: Registry) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}"
        kind, text = refusal(**registry.asking("live") | {"MLFLOW_TRACKING_URI": uri})
    assert kind == "RegistryUnreachableError"
    assert text.startswith(f"MLflow at {uri} does not answer: ")
    assert text.endswith("start it, or correct MLFLOW_TRACKING_URI")


def test_a_host_that_nobody_knows_ends_it(refusal: Refusal, registry: Registry) -> None:
    uri = "http://mlflow.invalid:5001"
    kind, text = refusal(**registry.asking("live") | {"MLFLOW_TRACKING_URI": uri})
    assert kind == "RegistryUnreachableError"
    assert uri in text


@contextmanager
def answering(status: str, body: str) -> Iterator[str]:
    """Be some other server, for one question."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n"
                connection.sendall((head + body).encode())

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10)


def test_an_error_that_breaks_off_ends_it(refusal: Refusal, registry: Registry) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def break_off() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b'HTTP/1.1 502 Bad\r\nContent-Length: 500\r\n\r\n{"error')
                time.sleep(0.3)  # the head is read by then
                reset = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)

        threading.Thread(target=break_off, daemon=True).start()
        uri = f"http://127.0.0.1:{listener.getsockname()[1]}"
        kind, text = refusal(**registry.asking("live") | {"MLFLOW_TRACKING_URI": uri})
    assert kind == "RegistryUnreachableError"
    assert text.startswith(f"MLflow at {uri} does not answer: ")


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        ("200 OK", "<html>hello</html>", "is no MLflow; correct MLFLOW_TRACKING_URI"),
        ("404 Not Found", "<html>what?</html>", "answers 404; look into its log, or correct"),
        ("503 Busy", '{"error_code": "TEMPORARILY_UNAVAILABLE"}', "503 TEMPORARILY_UNAVAILABLE;"),
        ("401 Unauthorized", "no", "refuses us (401)"),
        ("403 Forbidden", '{"error_code": "PERMISSION_DENIED"}', "refuses us (403)"),
    ],
)
def test_an_answer_that_tells_no_version_ends_it(
    status: str, body: str, said: str, refusal: Refusal, registry: Registry
) -> None:
    with answering(status, body) as uri:
        kind, text = refusal(**registry.asking("live") | {"MLFLOW_TRACKING_URI": uri})
    assert kind == "RegistryUnreachableError"
    assert uri in text
    assert said in text
