"""Settings: read once, frozen, each one documented."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

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


def test_the_served_version_follows_the_registry_version() -> None:
    settings = Settings()
    assert settings.served_version == "v7"
    assert settings.pin.digest == "sha256:" + "ab" * 32


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
