"""Settings: read once, frozen, each one documented."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from weighbridge_server.following import AliasSource, WatchedAlias
from weighbridge_server.models import Alias, Pin
from weighbridge_server.settings import Settings

GIVEN = {
    "MODEL_NAME": "LogisticsDelayModel",
    "MODEL_VERSION": "7",
    "MODEL_URI": "s3://mlflow/7/model.onnx",
    "MODEL_SHA256": "ab" * 32,
    "WEIGHBRIDGE_SPOOL_DIR": "spool",
}


@pytest.fixture(autouse=True)
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)


PIN = ("MODEL_VERSION", "MODEL_URI", "MODEL_SHA256")


def unset(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Leave them empty, as a ConfigMap does whose values nobody has filled in."""
    for name in names:
        monkeypatch.setenv(name, "")


def fault() -> str:
    """Return what is said of the whole."""
    with pytest.raises(ValidationError) as caught:
        Settings()
    (fault,) = caught.value.errors()
    assert fault["loc"] == ()
    return fault["msg"].removeprefix("Value error, ")


def test_a_pin_names_the_bytes() -> None:
    pin = Settings().source
    assert isinstance(pin, Pin)
    assert (pin.mode, pin.label) == ("pinned", "v7")
    assert pin.digest == "sha256:" + "ab" * 32


def test_an_alias_takes_the_place_of_the_pin(monkeypatch: pytest.MonkeyPatch) -> None:
    unset(monkeypatch, *PIN)
    monkeypatch.setenv("MODEL_ALIAS", "production")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5001")
    assert Settings().source == AliasSource(
        "http://mlflow:5001", "LogisticsDelayModel", "production"
    )


def test_an_address_of_mlflow_alone_asks_for_no_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5001")
    assert isinstance(Settings().source, Pin)


def test_a_pin_that_is_not_yet_made_is_told_with_its_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unset(monkeypatch, "MODEL_SHA256")
    command = "`weighbridge model pin v7 --version 7 -e <environment>`"
    assert fault() == f"MODEL_SHA256 is empty; pin a version: {command}"
    unset(monkeypatch, "MODEL_NAME", *PIN)
    monkeypatch.setenv("WEIGHBRIDGE_SERVING_VERSION", "v7")
    assert fault() == (
        "MODEL_NAME, MODEL_VERSION, MODEL_URI and MODEL_SHA256 are empty; "
        f"pin a version: {command} (or set MODEL_ALIAS, to follow one)"
    )


def test_both_a_pin_and_an_alias_are_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    unset(monkeypatch, "MODEL_URI", "MODEL_SHA256")
    monkeypatch.setenv("MODEL_ALIAS", "production")
    assert fault().startswith("MODEL_ALIAS and MODEL_VERSION are set: ")


def test_an_alias_needs_somebody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    unset(monkeypatch, *PIN)
    monkeypatch.setenv("MODEL_ALIAS", "production")
    assert fault().startswith("MLFLOW_TRACKING_URI is empty; ")


def test_a_folder_may_name_the_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    unset(monkeypatch, "MODEL_NAME", *PIN)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5001")
    monkeypatch.setenv("WEIGHBRIDGE_MODEL_CONFIG_DIR", str(tmp_path))
    file = tmp_path / "MODEL_NAME"
    assert fault() == (
        "MODEL_NAME is empty; WEIGHBRIDGE_MODEL_CONFIG_DIR needs it to ask MLflow for the version "
        f"(or write it into {file})"
    )
    file.write_text(" AnyModel\n")
    source = Settings().source
    assert source == AliasSource("http://mlflow:5001", folder=tmp_path)
    watched = WatchedAlias(source)
    assert watched.read() == Alias("AnyModel", "production", "http://mlflow:5001")
    (tmp_path / "MODEL_ALIAS").write_text("live\n")
    assert watched.read() == Alias("AnyModel", "live", "http://mlflow:5001")
    file.write_bytes(b"\xff")
    (tmp_path / "MODEL_ALIAS").unlink()
    assert watched.read() == Alias("AnyModel", "live", "http://mlflow:5001")


def test_a_file_counts_more_than_a_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unset(monkeypatch, *PIN)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5001")
    monkeypatch.setenv("MODEL_ALIAS", "by-variable")
    monkeypatch.setenv("WEIGHBRIDGE_MODEL_CONFIG_DIR", str(tmp_path))
    source = Settings().source
    assert isinstance(source, AliasSource)
    watched = WatchedAlias(source)
    assert watched.read().alias == "by-variable"
    (tmp_path / "MODEL_ALIAS").write_text("by-file")
    assert watched.read().alias == "by-file"
    assert watched.read().name == "LogisticsDelayModel"


@pytest.mark.parametrize("name", ["MLFLOW_TRACKING_URI", "MLFLOW_S3_ENDPOINT_URL"])
@pytest.mark.parametrize("address", ["mlflow:5001", "http://me:secret@mlflow:5001", "http://a b"])
def test_what_is_no_address_is_named(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, address)
    with pytest.raises(ValidationError, match=name):
        Settings()


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEIGHBRIDGE_LOG_BATCH_ROWS", "some")
    with pytest.raises(ValidationError, match="log_batch_rows"):
        Settings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(Settings(), "threads", 2)  # noqa: B010 - mypy refuses it before we can


def test_every_setting_stands_in_the_readme(project: Path) -> None:
    readme = (project / "server" / "README.md").read_text()
    for name, field in Settings.model_fields.items():
        variable = field.validation_alias or f"WEIGHBRIDGE_{name.upper()}"
        assert re.search(rf"\| `{variable}` \|", readme), variable
