"""Registry and store fail in every way while calls go on: counted, none lost, the old one stays."""

import os
import re
import resource
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from logistics.delay.v1.model_pb2 import BYTES_SOURCE_CACHE, BYTES_SOURCE_STORE
from tests.counting import eventually
from tests.fix_models import ModelFile, build_model
from tests.fix_ports import HeldPorts
from tests.fix_registry import Registry
from tests.fix_s3 import S3
from tests.fix_server import ServerProcess, StartServer
from tests.following import (
    ROW,
    WITHIN_S,
    assert_none_lost,
    assert_versions_not_mixed,
    lines,
    served,
    told_of,
    version_of,
    wait_for_failure,
    wait_for_recovery,
    wait_for_version,
)
from tests.load import load
from tests.ports import held_port
from tests.relay import Relay
from tests.store_front import Fault, StoreFront, store_front
from weighbridge_server.models import Pin, ReadyModel, StoreUnreachableError, load_model
from weighbridge_server.transport import COLUMNS

WriteModel = Callable[[bytes], ModelFile]
LARGE_BYTES = 1 << 20
NOT_KEPT = (
    "the cache cannot be written; a restart will need the store "
    "(free or correct WEIGHBRIDGE_MODEL_CACHE_DIR)"
)


@pytest.fixture
def newer(write_model: WriteModel) -> ModelFile:
    """A model that gives other answers than the common one."""
    return write_model(build_model(bias=1.0))


@pytest.fixture
def large(write_model: WriteModel) -> ModelFile:
    """A newer model of a megabyte."""
    padding = {"weighbridge.padding": "x" * LARGE_BYTES}
    return write_model(build_model(bias=1.0, metadata=padding))


@pytest.fixture
def front(s3: S3) -> Iterator[StoreFront]:
    """The S3 that servers are given, which fails when it is told to."""
    with held_port() as port, store_front(port, s3.port) as front:
        yield front


@pytest.fixture
def network(registry: Registry, held_ports: HeldPorts) -> Iterator[Relay]:
    """The way to MLflow, which stalls and breaks when it is told to."""
    relay = Relay(held_ports(), registry.server.port)
    yield relay
    relay.freeze(False)
    relay.hang_up()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that has room for a small model alone."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system; CI is root")
    folder = tmp_path / "small-disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def through(relay: Relay) -> dict[str, str]:
    return {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{relay.port}"}


def spoil(s3: S3, tags: dict[str, str], content: bytes) -> None:
    """Put other bytes where a version's artefact lies."""
    bucket, key = tags["uri"].removeprefix("s3://").split("/", 1)
    s3.client().put_object(Bucket=bucket, Key=key, Body=content)


def counted_as(port: int, name: str, labels: str = "") -> float:
    """Read one of the server's metrics."""
    url = f"http://127.0.0.1:{port}/metrics"
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    found = re.search(rf"^weighbridge_server_{name}{re.escape(labels)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def check_kept(server: ServerProcess, reason: str, wanted: str) -> None:
    """Wait until the failure is told and was tried again; check that it was logged once."""
    failure = wait_for_failure(server, lambda told: told.attempts > 1)
    assert (failure.reason, failure.version) == (reason, wanted)
    assert told_of(server, wanted) == [failure.description]
    assert version_of(server) == "1"


@pytest.mark.parametrize(
    ("kept_bytes", "reason"),
    [(None, "ARTEFACT_MISSING"), (0.5, "DIGEST_MISMATCH"), (0.0, "DIGEST_MISMATCH")],
    ids=["gone", "truncated", "empty"],
)
def test_bytes_that_are_not_the_registered_ones_are_not_served(
    kept_bytes: float | None,
    reason: str,
    start_server: StartServer,
    model_file: ModelFile,
    newer: ModelFile,
    registry: Registry,
    held_ports: HeldPorts,
) -> None:
    registry.publish("live", model_file)
    port = held_ports()
    metrics = {"WEIGHBRIDGE_METRICS_LISTEN": f"127.0.0.1:{port}"}
    server = start_server(model_file, **registry.asking("live", **metrics))
    with load(server.target, [ROW], rate=100) as counted:
        tags = registry.register(newer)
        whole = newer.path.read_bytes()
        if kept_bytes is None:
            tags |= {"uri": "s3://mlflow/nothing/model.onnx"}
        else:
            spoil(registry.server.s3, tags, whole[: int(len(whole) * kept_bytes)])
        wanted = registry.point("live", tags)
        check_kept(server, reason, wanted)
        assert counted_as(port, "model_load_failures_total", f'{{reason="{reason}"}}') > 1
        registry.move("live", "1")
        wait_for_recovery(server)
    assert_none_lost(counted, server)
    assert {answer.model.version for answer in counted.predictions} == {"1"}


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.BREAKS_OFF], ids=lambda fault: fault.value)
def test_a_store_that_fails_delays_the_new_model_and_no_call(
    fault: Fault,
    start_server: StartServer,
    model_file: ModelFile,
    newer: ModelFile,
    registry: Registry,
    front: StoreFront,
) -> None:
    registry.publish("live", model_file)
    store = {"MLFLOW_S3_ENDPOINT_URL": front.endpoint}
    server = start_server(model_file, **registry.asking("live", **store))
    with load(server.target, [ROW], rate=100) as counted:
        wait_for_version(server, "1")
        front.fault = fault
        wanted = registry.publish("live", newer)
        check_kept(server, "STORE_UNREACHABLE", wanted)
        front.fault = Fault.NONE
        wait_for_version(server, wanted)
        wait_for_recovery(server)
    assert_none_lost(counted, server)
    assert_versions_not_mixed(counted)


def test_a_store_that_trickles_is_given_up(
    model_file: ModelFile,
    s3: S3,
    front: StoreFront,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    s3.client().put_object(Bucket="mlflow", Key="t", Body=model_file.path.read_bytes())
    pin = Pin("m", "7", "s3://mlflow/t", model_file.sha256)

    def load(limit_s: float) -> ReadyModel:
        cache = tmp_path / "cache"
        return load_model(
            pin, COLUMNS, cache, s3_endpoint_url=front.endpoint, fetch_limit_s=limit_s
        )

    front.fault = Fault.TRICKLES
    with pytest.raises(StoreUnreachableError, match="s3://mlflow/t did not come within 2 s"):
        load(2)
    front.fault = Fault.NONE
    assert load(WITHIN_S).pin == pin


def test_a_registry_that_hangs_holds_up_neither_calls_nor_the_stop(
    start_server: StartServer,
    model_file: ModelFile,
    newer: ModelFile,
    registry: Registry,
    network: Relay,
) -> None:
    registry.publish("live", model_file)
    server = start_server(model_file, **registry.asking("live", **through(network)))
    with load(server.target, [ROW], rate=100) as counted:
        wait_for_version(server, "1")
        network.freeze(True)
        wanted = registry.publish("live", newer)
        failure = wait_for_failure(server)
        assert failure.reason == "REGISTRY_UNREACHABLE"
        assert "does not answer: timed out" in failure.description
        network.freeze(False)
        wait_for_version(server, wanted)
        wait_for_recovery(server)
        network.freeze(True)
    assert_none_lost(counted, server)
    server.ask_to_stop()
    assert server.process.wait(10) == 0


def test_mlflow_stopped_in_its_tracks_loses_no_call(
    start_server: StartServer, model_file: ModelFile, newer: ModelFile, registry: Registry
) -> None:
    registry.publish("live", model_file)
    wanted = registry.add(registry.register(newer))
    server = start_server(model_file, **registry.asking("live"))
    with load(server.target, [ROW], rate=100) as counted:
        wait_for_version(server, "1")
        with registry.server.stopped():
            assert wait_for_failure(server).reason == "REGISTRY_UNREACHABLE"
            assert version_of(server) == "1"
        registry.move("live", wanted)
        wait_for_version(server, wanted)
        wait_for_recovery(server)
    assert_none_lost(counted, server)


def test_a_start_without_its_copy_gives_a_slow_registry_its_time(
    start_server: StartServer,
    model_file: ModelFile,
    newer: ModelFile,
    registry: Registry,
    network: Relay,
    s3: S3,
    tmp_path: Path,
) -> None:
    cache = tmp_path / "cache"
    tags = registry.register(model_file)
    registry.point("live", tags)
    own = {**through(network), "WEIGHBRIDGE_MODEL_CACHE_DIR": str(cache)}
    variables = registry.asking("live", **own)
    first = start_server(model_file, **variables)
    assert version_of(first) == "1"
    first.kill()
    for copy in cache.glob("*.onnx"):
        copy.unlink()
    bucket, key = tags["uri"].removeprefix("s3://").split("/", 1)
    s3.client().delete_object(Bucket=bucket, Key=key)
    wanted = registry.publish("live", newer)
    network.freeze(True)
    again = start_server(model_file, **variables)

    def is_waiting() -> None:
        assert "waiting for the registry" in again.messages

    eventually(is_waiting, within_s=WITHIN_S)
    network.freeze(False)
    assert version_of(again) == wanted


def test_with_registry_and_store_away_a_restart_serves_its_copy(
    start_server: StartServer,
    model_file: ModelFile,
    newer: ModelFile,
    registry: Registry,
    network: Relay,
    front: StoreFront,
    tmp_path: Path,
) -> None:
    registry.publish("live", model_file)
    variables = registry.asking(
        "live",
        **through(network),
        MLFLOW_S3_ENDPOINT_URL=front.endpoint,
        WEIGHBRIDGE_MODEL_CACHE_DIR=str(tmp_path / "cache"),
    )
    first = start_server(model_file, **variables)
    assert served(first).source == BYTES_SOURCE_STORE
    registry.publish("live", newer)
    wait_for_version(first, "2")
    first.kill()
    network.hang_up()
    front.fault = Fault.ERROR
    again = start_server(model_file, **variables)
    model = served(again)
    assert (model.model.version, model.alias, model.source) == ("2", "live", BYTES_SOURCE_CACHE)
    assert model.last_error.reason == "REGISTRY_UNREACHABLE"
    (line,) = lines(again, "serving")
    assert (line["source"], line["version"]) == ("cache", "2")
    (line,) = lines(again, "keeping the model that serves")
    assert (line["kind"], line["serving_version"]) == ("RegistryUnreachableError", "2")
    with load(again.target, [ROW], rate=100) as counted:
        network.listen()
        front.fault = Fault.NONE
        wait_for_recovery(again)
        registry.move("live", "1")
        wait_for_version(again, "1")
    assert_none_lost(counted, again)


def test_a_registry_that_hangs_does_not_hold_up_a_restart_with_a_copy(
    start_server: StartServer,
    model_file: ModelFile,
    registry: Registry,
    network: Relay,
    tmp_path: Path,
) -> None:
    registry.publish("live", model_file)
    cache = {"WEIGHBRIDGE_MODEL_CACHE_DIR": str(tmp_path / "cache")}
    variables = registry.asking("live", **through(network), **cache)
    assert version_of(start_server(model_file, **variables)) == "1"
    network.freeze(True)
    again = start_server(model_file, **variables)
    model = served(again)
    assert (model.model.version, model.source) == ("1", BYTES_SOURCE_CACHE)
    assert model.last_error.reason == "REGISTRY_UNREACHABLE"
    assert "did not answer within 0.3 s" in model.last_error.description
    network.freeze(False)
    wait_for_recovery(again)


def test_a_version_that_cannot_be_served_does_not_hinder_a_restart_with_a_copy(
    start_server: StartServer, model_file: ModelFile, registry: Registry, tmp_path: Path
) -> None:
    registry.publish("live", model_file)
    cache = {"WEIGHBRIDGE_MODEL_CACHE_DIR": str(tmp_path / "cache")}
    variables = registry.asking("live", **cache)
    assert version_of(start_server(model_file, **variables)) == "1"
    wanted = registry.point("live", registry.register(model_file) | {"sha256": "0" * 64})
    again = start_server(model_file, **variables)
    assert version_of(again) == "1"
    failure = wait_for_failure(again)
    assert (failure.reason, failure.version) == ("DIGEST_MISMATCH", wanted)


def test_a_copy_that_does_not_fit_the_disk_keeps_nothing_from_serving(
    small_disk: Path,
    start_server: StartServer,
    model_file: ModelFile,
    large: ModelFile,
    registry: Registry,
    held_ports: HeldPorts,
) -> None:
    registry.publish("live", model_file)
    port = held_ports()
    told = {
        "WEIGHBRIDGE_MODEL_CACHE_DIR": str(small_disk),
        "WEIGHBRIDGE_METRICS_LISTEN": f"127.0.0.1:{port}",
    }
    server = start_server(model_file, **registry.asking("live", **told))
    with load(server.target, [ROW], rate=100) as counted:
        wait_for_version(server, "1")
        wanted = registry.publish("live", large)
        wait_for_version(server, wanted)
    assert_none_lost(counted, server)
    check_nothing_half(server, small_disk, model_file)
    assert counted_as(port, "model_copy_failures_total") == 1


def test_a_write_that_the_system_cuts_short_keeps_nothing_from_serving(
    start_server: StartServer,
    model_file: ModelFile,
    large: ModelFile,
    registry: Registry,
    tmp_path: Path,
) -> None:
    registry.publish("live", model_file)
    cache = tmp_path / "cache"
    asking = registry.asking("live", WEIGHBRIDGE_MODEL_CACHE_DIR=str(cache))
    server = start_server(model_file, **asking)
    wait_for_version(server, "1")
    limit = LARGE_BYTES // 2
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    wanted = registry.publish("live", large)
    wait_for_version(server, wanted)
    check_nothing_half(server, cache, model_file)


def check_nothing_half(server: ServerProcess, cache: Path, kept: ModelFile) -> None:
    """Wait until it is told that there is no copy; check that there is no part of one."""

    def told() -> None:
        assert len(lines(server, NOT_KEPT)) == 1, server.log

    eventually(told, WITHIN_S)
    assert [path.name for path in cache.glob("*.onnx")] == [f"{kept.sha256}.onnx"]

    def nothing_half() -> None:  # what the alias means is written after the copy
        assert list(cache.glob(".incoming-*")) == []

    eventually(nothing_half, WITHIN_S)
    assert not served(server).HasField("last_error")


def test_servers_that_share_a_folder_start_at_once(
    start_server: StartServer, model_file: ModelFile, registry: Registry, tmp_path: Path
) -> None:
    registry.publish("live", model_file)
    cache = tmp_path / "shared"
    variables = registry.asking("live", WEIGHBRIDGE_MODEL_CACHE_DIR=str(cache))
    servers = [start_server(model_file, **variables) for _ in range(3)]
    assert [version_of(server) for server in servers] == ["1"] * 3
    assert [path.name for path in cache.glob("*.onnx")] == [f"{model_file.sha256}.onnx"]
    assert len(list(cache.glob("served-*.json"))) == 1
    assert list(cache.glob(".incoming-*")) == []
    assert {path.name[:6] for path in cache.iterdir()} == {model_file.sha256[:6], "served"}
