"""From a pin to a ready model: what is refused, and what is said."""

import hashlib
import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from onnx import TensorProto

from tests.fix_models import ModelFile, build_model
from weighbridge_server.models import (
    ArtefactMissingError,
    BrokenArtefactError,
    DigestMismatchError,
    ModelError,
    Pin,
    ReadyModel,
    SignatureError,
    SmokeTestError,
    load_model,
)
from weighbridge_server.transport import COLUMNS

NO_INPUTS = '{"inputs": {}, "probability": [0.5], "tolerance": 1e-5}'
WriteModel = Callable[[bytes], ModelFile]
Load = Callable[[ModelFile], ReadyModel]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def load(cache: Path) -> Load:
    def load(file: ModelFile) -> ReadyModel:
        return load_model(Pin("m", "7", file.uri, file.sha256), COLUMNS, cache)

    return load


def test_a_pinned_model_is_ready(load: Load, model_file: ModelFile, cache: Path) -> None:
    model = load(model_file)
    assert model.metadata.threshold == 0.37
    assert model.metadata.metrics == {"auc": 0.81, "log_loss": 0.52}
    assert {spec.name for spec in model.signature.inputs} == set(COLUMNS)
    assert [path.name for path in cache.iterdir()] == [f"{model_file.sha256}.onnx"]


def test_other_bytes_are_refused_and_not_kept(
    load: Load, model_file: ModelFile, cache: Path
) -> None:
    pinned = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(DigestMismatchError, match=f"{model_file.sha256}.*{pinned}"):
        load(ModelFile(model_file.path, pinned))
    assert not cache.exists()


def test_a_missing_artefact_is_named(load: Load, tmp_path: Path) -> None:
    missing = tmp_path / "gone.onnx"
    with pytest.raises(ArtefactMissingError, match=str(missing)):
        load(ModelFile(missing, "0" * 64))


def test_a_cache_that_cannot_be_written_is_told_and_no_hindrance(
    model_file: ModelFile, caplog: pytest.LogCaptureFixture
) -> None:
    pin = Pin("m", "7", model_file.uri, model_file.sha256)
    assert load_model(pin, COLUMNS, model_file.path / "below-a-file").pin == pin
    assert "WEIGHBRIDGE_MODEL_CACHE_DIR" in caplog.text


def test_a_copy_serves_when_the_store_is_gone(
    load: Load, model_file: ModelFile, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    load(model_file)
    model_file.path.unlink()
    assert load(model_file).pin.uri == model_file.uri
    told = [record.getMessage() for record in caplog.records]
    assert told == ["model read from the store", "model read from the cache"]


@pytest.mark.parametrize("size", [0, 1000, -1])
def test_a_damaged_copy_is_fetched_anew(
    size: int, load: Load, model_file: ModelFile, cache: Path
) -> None:
    load(model_file)
    copy = cache / f"{model_file.sha256}.onnx"
    whole = copy.read_bytes()
    copy.write_bytes(whole[:size])
    assert load(model_file).metadata.threshold == 0.37
    assert copy.read_bytes() == whole


def test_a_damaged_copy_is_not_served_when_the_store_is_gone(
    load: Load, model_file: ModelFile, cache: Path
) -> None:
    load(model_file)
    (cache / f"{model_file.sha256}.onnx").write_bytes(b"\0" * 100)
    model_file.path.unlink()
    with pytest.raises(ArtefactMissingError):
        load(model_file)


def test_what_a_dead_server_left_half_written_is_removed(
    load: Load, model_file: ModelFile, cache: Path
) -> None:
    cache.mkdir()
    (cache / ".incoming-1").write_bytes(b"half")
    load(model_file)
    assert [path.name for path in cache.iterdir()] == [f"{model_file.sha256}.onnx"]


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"no model at all", BrokenArtefactError, "onnxruntime cannot load it"),
        (
            build_model(metadata={"weighbridge.threshold": None}),
            BrokenArtefactError,
            "weighbridge.threshold: Field required",
        ),
        (
            build_model(metadata={"weighbridge.threshold": "1.5", "weighbridge.smoke": "{"}),
            BrokenArtefactError,
            "weighbridge.threshold: .*; weighbridge.smoke: ",
        ),
        (
            build_model(inputs={"wind_speed": TensorProto.FLOAT}),
            SignatureError,
            "wants 'wind_speed', which no request has",
        ),
        (
            build_model(metadata={"weighbridge.smoke": NO_INPUTS}),
            SmokeTestError,
            "smoke inputs lack",
        ),
    ],
)
def test_a_model_that_does_not_fit_says_why(
    content: bytes, error: type[ModelError], words: str, load: Load, write_model: WriteModel
) -> None:
    with pytest.raises(error, match=words):
        load(write_model(content))


def test_a_model_that_answers_otherwise_than_in_training_is_refused(
    load: Load, write_model: WriteModel, model_file: ModelFile
) -> None:
    recorded = load(model_file).metadata.smoke.model_dump_json()
    changed = build_model(bias=0.5, metadata={"weighbridge.smoke": recorded})
    with pytest.raises(SmokeTestError, match=r"is \[0\.9.*\], training recorded \[0\.8"):
        load(write_model(changed))


@pytest.mark.parametrize("digest", ["", "0" * 63, "G" * 64, "A" * 64])
def test_a_pin_without_a_digest_cannot_be_made(digest: str) -> None:
    with pytest.raises(ValueError, match="64 lowercase hex digits"):
        Pin("m", "7", "file:///m.onnx", digest)


def test_only_known_stores_are_read(tmp_path: Path) -> None:
    with pytest.raises(BrokenArtefactError, match=re.escape("only s3:// and file://")):
        load_model(Pin("m", "7", "http://host/m.onnx", "0" * 64), COLUMNS, tmp_path)
