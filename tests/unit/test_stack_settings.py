"""Each version of the model has a port of its own, by default and by choice."""

from pathlib import Path

import pytest

from weighbridge_stack._settings import read_settings_for


def test_a_version_has_the_port_of_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEIGHBRIDGE_V6_PORT", raising=False)
    monkeypatch.setenv("WEIGHBRIDGE_V12_PORT", "19012")
    settings = read_settings_for(("v6", "v12"))
    assert [settings.version_port(version) for version in ("v6", "v12")] == [9006, 19012]
    assert settings.version_metrics_port("v12") == 9412


def test_the_readme_tells_how(project: Path) -> None:
    text = (project / "stack" / "README.md").read_text()
    assert "`WEIGHBRIDGE_V<number>_PORT`" in text
    assert "`WEIGHBRIDGE_V<number>_METRICS_PORT`" in text
