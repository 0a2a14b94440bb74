import subprocess
import sys
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

import weighbridge_predictionlog
from weighbridge_predictionlog._settings import MigrateSettings, ShipSettings


def test_every_export_exists_and_the_list_is_sorted() -> None:
    names = weighbridge_predictionlog.__all__
    assert names == sorted(names)
    for name in names:
        assert getattr(weighbridge_predictionlog, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        weighbridge_predictionlog.no_such_name  # noqa: B018


def test_a_server_that_only_spools_does_not_load_the_database_driver() -> None:
    code = "import sys, weighbridge_predictionlog; sys.exit('psycopg' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("settings", [MigrateSettings, ShipSettings])
def test_every_setting_is_explained_in_the_readme(
    settings: type[BaseSettings], project: Path
) -> None:
    readme = (project / "predictionlog" / "README.md").read_text()
    for name, field in settings.model_fields.items():
        assert field.description, name
        assert f"`WEIGHBRIDGE_{name.upper()}`" in readme
