"""The parts of following an alias, each alone: asking, falling back, trying again."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.counting import eventually
from tests.fix_served import Serve, Served
from weighbridge_server.following import (
    AliasSource,
    ConfigurationError,
    Follower,
    NothingToServeError,
    WatchedAlias,
)
from weighbridge_server.following._asker import Asker
from weighbridge_server.following._trouble import Trouble
from weighbridge_server.inference import Serving, Slot
from weighbridge_server.metrics import Metrics
from weighbridge_server.models import (
    Alias,
    ArtefactMissingError,
    BrokenArtefactError,
    Pin,
    PinMemory,
    RegistryUnreachableError,
)

LIMIT_S = 20.0


def version(number: str) -> Pin:
    digest = hashlib.sha256(number.encode()).hexdigest()
    return Pin("m", number, "s3://mlflow/model.onnx", digest, "live")


class SlowRegistry:
    """An MLflow that says one version, each time when it is allowed to."""

    def __init__(self, number: str) -> None:
        self.asked = 0
        self.may_answer = threading.Event()
        pin = version(number)
        tags = [{"key": "uri", "value": pin.uri}, {"key": "sha256", "value": pin.sha256}]
        body = json.dumps({"model_version": {"version": number, "tags": tags}}).encode()
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.asked += 1
                registry.may_answer.wait(LIMIT_S)
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.alias = Alias("m", "live", f"http://127.0.0.1:{self._server.server_address[1]}")
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def slow_registry(number: str) -> Iterator[SlowRegistry]:
    registry = SlowRegistry(number)
    try:
        yield registry
    finally:
        registry.close()


def test_an_answer_that_came_late_is_one_at_the_next_look() -> None:
    asker = Asker()
    with slow_registry("2") as registry:
        with pytest.raises(RegistryUnreachableError, match=r"did not answer within 0\.1 s"):
            asker.ask(registry.alias, 0.1)
        registry.may_answer.set()
        eventually(lambda: check_all_ended("registry"), LIMIT_S)
        assert asker.ask(registry.alias, 0) == version("2")
        assert registry.asked == 1
        assert asker.ask(registry.alias, LIMIT_S) == version("2")
        assert registry.asked == 2


def check_all_ended(name: str) -> None:
    assert name not in {thread.name for thread in threading.enumerate()}


@pytest.fixture
def served(serve: Serve, model_bytes: bytes) -> Served:
    return serve(model_bytes)


@pytest.fixture
def memory(tmp_path: Path) -> PinMemory:
    """The memory of a server that served version 1."""
    memory = PinMemory(tmp_path)
    memory.remember(version("1"))
    return memory


def follower(
    registry: SlowRegistry, prepare: Callable[[Pin], Serving], memory: PinMemory
) -> Follower:
    source = AliasSource(registry.alias.tracking_uri, "m", "live")
    registry.may_answer.set()
    return Follower(source, prepare, memory, Metrics(), poll_s=0.05)


def test_whatever_a_new_version_fails_with_the_last_one_serves(
    served: Served, memory: PinMemory
) -> None:
    def prepare(pin: Pin) -> Serving:
        if pin == version("2"):
            raise RuntimeError("nobody thought of this")
        return served.serving

    with slow_registry("2") as registry:
        following = follower(registry, prepare, memory)
        slot = following.load_first()
        following.start(lambda: None)

        def told() -> None:
            assert slot.failure is not None
            assert (slot.failure.reason, slot.failure.version) == ("INTERNAL", "2")

        eventually(told, LIMIT_S)
        following.stop()
    assert slot.current is served.serving


def test_where_both_fail_both_are_told(memory: PinMemory) -> None:
    def prepare(pin: Pin) -> Serving:
        if pin == version("2"):
            raise BrokenArtefactError("the new one is broken")
        raise ArtefactMissingError("the old one is gone")

    with slow_registry("2") as registry, pytest.raises(NothingToServeError) as caught:
        follower(registry, prepare, memory).load_first()
    first, _, second = str(caught.value).partition("; and version 1, which served last, neither: ")
    assert second == "the old one is gone"
    # On a machine that is busy for so long it is not even asked for.
    assert first == "the new one is broken" or "did not answer within 0.3 s" in first


def test_each_cause_has_a_delay_of_its_own(served: Served) -> None:
    slot = Slot(served.serving)
    trouble = Trouble(slot, Metrics())
    alias, pin = Alias("m", "live", "http://mlflow:5001"), version("2")

    def attempts() -> int:
        assert slot.failure is not None
        return slot.failure.attempts

    for _ in range(6):
        trouble.note(pin, BrokenArtefactError("broken"))
    assert attempts() == 6
    trouble.note(alias, RegistryUnreachableError("away"))
    assert attempts() == 1
    assert not trouble.is_due(alias)
    assert trouble.wait_s(3600) <= 1
    trouble.answered(alias, pin)
    assert trouble.is_due(alias)
    assert attempts() == 6, "what is wrong now is the pin again"
    assert not trouble.is_due(pin)
    assert 10 < trouble.wait_s(3600) <= 60
    trouble.note(pin, BrokenArtefactError("broken"))
    assert attempts() == 7
    assert trouble.is_due(version("3"))
    trouble.clear()
    assert slot.failure is None
    assert trouble.is_due(pin)


def make_folder(file: Path) -> None:
    file.mkdir()


def write_no_text(file: Path) -> None:
    file.write_bytes(b"\xff")


def write_too_much(file: Path) -> None:
    file.write_text("x" * 4097)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (make_folder, "cannot read {file}: Is a directory; let this process read it"),
        (write_no_text, "{file} is no UTF-8 text"),
        (write_too_much, "{file} has more than 4096 bytes"),
    ],
)
def test_a_file_that_cannot_be_used_is_no_missing_one(
    spoil: Callable[[Path], None], said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name, alias = tmp_path / "MODEL_NAME", tmp_path / "MODEL_ALIAS"
    name.write_text("m")
    alias.write_text("live")
    source = AliasSource("http://mlflow:5001", folder=tmp_path)
    watched = WatchedAlias(source)
    assert watched.read_first() == Alias("m", "live", "http://mlflow:5001")
    name.write_text("n")
    alias.unlink()
    spoil(alias)
    assert [watched.read() for _ in range(2)] == [Alias("m", "live", "http://mlflow:5001")] * 2
    (warning,) = caplog.records
    assert warning.getMessage().startswith("the model's configuration cannot be used; going on")
    assert vars(warning)["error"].startswith(said.format(file=alias))
    with pytest.raises(ConfigurationError, match=str(alias)):
        WatchedAlias(source).read_first()
