"""The folder of verified copies: bounded, shared, and with the version that served last."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fix_models import ModelFile, build_model
from weighbridge_server.models import Alias, BytesSource, Pin, PinMemory, ReadyModel, load_model
from weighbridge_server.transport import COLUMNS

WriteModel = Callable[[bytes], ModelFile]
LIVE = Alias("m", "live", "http://mlflow:5001")
MOST = 5


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def models(write_model: WriteModel) -> list[ModelFile]:
    """More models than copies are kept, oldest first."""
    return [write_model(build_model(bias=number / 10)) for number in range(MOST + 2)]


def load(model: ModelFile, cache: Path) -> ReadyModel:
    return load_model(Pin("m", "1", model.uri, model.sha256), COLUMNS, cache)


def age(cache: Path, model: ModelFile, days: float) -> None:
    then = time.time() - days * 86_400
    os.utime(cache / f"{model.sha256}.onnx", (then, then))


def kept(cache: Path, models: list[ModelFile]) -> list[int]:
    return [n for n, one in enumerate(models) if (cache / f"{one.sha256}.onnx").exists()]


def test_the_copies_used_last_stay(cache: Path, models: list[ModelFile]) -> None:
    for number, model in enumerate(models[:MOST]):
        load(model, cache)
        age(cache, model, MOST - number)
    assert load(models[0], cache).source is BytesSource.CACHE
    load(models[MOST], cache)
    assert kept(cache, models) == [0, 2, 3, 4, 5]
    load(models[MOST + 1], cache)
    assert kept(cache, models) == [0, 3, 4, 5, 6]


def test_a_copy_that_an_alias_needs_stays(cache: Path, models: list[ModelFile]) -> None:
    load(models[0], cache)
    age(cache, models[0], 100)
    PinMemory(cache).remember(Pin("m", "1", models[0].uri, models[0].sha256, "live"))
    for model in models[1:]:
        load(model, cache)
    assert 0 in kept(cache, models)


def test_a_copy_that_a_pinned_server_starts_from_stays(
    cache: Path, models: list[ModelFile]
) -> None:
    for number in (0, 1):
        load(models[number], cache)
        age(cache, models[number], 100)
        file = models[number]
        PinMemory(cache).remember(Pin("m", str(number + 6), file.uri, file.sha256))
    for model in models[2:]:
        load(model, cache)
    assert {0, 1} <= set(kept(cache, models))


def test_a_folder_that_cannot_be_written_serves(
    cache: Path, model_file: ModelFile, caplog: pytest.LogCaptureFixture
) -> None:
    cache.write_text("a file where the folder should be")
    model = load(model_file, cache)
    assert not model.has_copy
    assert "a restart will need the store" in caplog.text
    PinMemory(cache).remember(Pin("m", "1", model_file.uri, model_file.sha256, "live"))
    assert "a restart may need the registry" in caplog.text
    assert PinMemory(cache).recall(LIVE) is None


def test_each_alias_has_its_own_memory(cache: Path) -> None:
    memory = PinMemory(cache)
    assert memory.recall(LIVE) is None
    pins = [
        Pin(name, version, "s3://b/k", hashlib.sha256(version.encode()).hexdigest(), alias)
        for name, version, alias in (("m", "1", "live"), ("m", "2", "next"), ("n", "3", "live"))
    ]
    for pin in pins:
        memory.remember(pin)
    for pin in pins:
        assert memory.recall(Alias(pin.name, str(pin.alias), "http://elsewhere")) == pin
    newer = Pin("m", "4", "s3://b/k", "0" * 64, "live")
    memory.remember(newer)
    assert memory.recall(LIVE) == newer


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"name": "m"}',
        json.dumps(
            {"name": "m", "alias": "live", "version": "1", "uri": "s3://b/k", "sha256": "short"}
        ).encode(),
        json.dumps(
            {"name": "n", "alias": "live", "version": "1", "uri": "s3://b/k", "sha256": "0" * 64}
        ).encode(),
    ],
)
def test_a_memory_that_makes_no_sense_is_none(content: bytes, cache: Path) -> None:
    memory = PinMemory(cache)
    memory.remember(Pin("m", "1", "s3://b/k", "0" * 64, "live"))
    (file,) = cache.iterdir()
    file.write_bytes(content)
    assert memory.recall(LIVE) is None
