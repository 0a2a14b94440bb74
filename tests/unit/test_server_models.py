"""From a pin to a ready model: what is refused, and what is said."""

import hashlib
import logging
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from tests.fix_models import ModelFile, build_model
from weighbridge_server.models import (
    ArtefactMissingError,
    BrokenArtefactError,
    DigestMismatchError,
    ModelError,
    Pin,
    ReadyModel,
    ScoreRef,
    SignatureError,
    SmokeTestError,
    load_model,
)
from weighbridge_server.transport import COLUMNS

NO_INPUTS = '{"inputs": {}, "outputs": {"probability": [0.5]}, "tolerance": 1e-5}'
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


def test_what_a_dead_server_left_half_written_is_removed_when_nobody_can_be_writing_it(
    load: Load, model_file: ModelFile, cache: Path
) -> None:
    cache.mkdir()
    (cache / ".incoming-old").write_bytes(b"half")
    an_hour_ago = time.time() - 3600
    os.utime(cache / ".incoming-old", (an_hour_ago, an_hour_ago))
    (cache / ".incoming-new").write_bytes(b"half")
    load(model_file)
    copy = f"{model_file.sha256}.onnx"
    assert {path.name for path in cache.iterdir()} == {copy, ".incoming-new"}


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"no model at all", BrokenArtefactError, "onnxruntime cannot load it"),
        (
            build_model(metadata={"weighbridge.threshold": None}),
            SignatureError,
            "it has no weighbridge.threshold",
        ),
        (
            build_model(metadata={"weighbridge.threshold": "1.5"}),
            SignatureError,
            "its weighbridge.threshold 1.5 is no probability",
        ),
        (
            build_model(metadata={"weighbridge.threshold": "nan", "weighbridge.smoke": "{"}),
            BrokenArtefactError,
            "weighbridge.smoke: .*; weighbridge.threshold: ",
        ),
        (
            build_model(inputs={"wind_speed": TensorProto.FLOAT}),
            SignatureError,
            "wants 'wind_speed', which no request has",
        ),
        (
            build_model(metadata={"weighbridge.score": "probability[1]"}),
            BrokenArtefactError,
            re.escape("weighbridge.score is 'probability[1]', the graph gives probability [-1]"),
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
    with pytest.raises(
        SmokeTestError, match=r"probability is \[0\.9.*\], training recorded \[0\.8"
    ):
        load(write_model(changed))


def score_aside(graph: onnx.GraphProto) -> None:
    """Let the graph give what it makes the probability of, too."""
    graph.output.append(helper.make_tensor_value_info("score", TensorProto.FLOAT, [None]))


def test_a_score_that_is_not_the_probability_does_not_fit(
    load: Load, write_model: WriteModel, cache: Path
) -> None:
    file = write_model(build_model(twist=score_aside, metadata={"weighbridge.score": "score"}))
    said = "its weighbridge.score is 'score' and not 'probability'"
    with pytest.raises(SignatureError, match=said):
        load(file)
    pin = Pin("m", "7", file.uri, file.sha256)
    model = load_model(pin, COLUMNS, cache, must_fit=False)
    assert model.score == ScoreRef("score")
    assert said in str(model.misfit)


@pytest.mark.parametrize("digest", ["", "0" * 63, "G" * 64, "A" * 64])
def test_a_pin_without_a_digest_cannot_be_made(digest: str) -> None:
    with pytest.raises(ValueError, match="64 lowercase hex digits"):
        Pin("m", "7", "file:///m.onnx", digest)


def test_only_known_stores_are_read(tmp_path: Path) -> None:
    with pytest.raises(BrokenArtefactError, match=re.escape("only s3:// and file://")):
        load_model(Pin("m", "7", "http://host/m.onnx", "0" * 64), COLUMNS, tmp_path)
