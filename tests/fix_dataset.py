"""The public dataset's 1,000 rows where they are at hand, else generated rows of the same form."""

import os
from pathlib import Path

import pytest

_VARIABLE = "WEIGHBRIDGE_DATASET"
_BESIDE = Path(__file__).parents[2] / "shared" / "data" / "smart_logistics_dataset.csv"


def _published() -> Path | None:
    if named := os.environ.get(_VARIABLE):
        return Path(named)  # a wrong name must fail the tests, not change what they test
    return _BESIDE if _BESIDE.exists() else None


def pytest_report_header() -> str:
    """Say which rows the tests read."""
    return f"dataset: {_published() or f'generated rows ({_VARIABLE} names a file to use instead)'}"


@pytest.fixture(scope="session")
def dataset_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the public form: headers with units, times like 1/31/2024 7:05."""
    if (published := _published()) is not None:
        return published
    from weighbridge_training import dataset, generator

    made = generator.generate(rows=1_000, seed=1)
    path = tmp_path_factory.mktemp("dataset") / "shipments.csv"
    dataset.write_csv(path, made, made.table.status.tolist())
    return path


@pytest.fixture(scope="session")
def rows(dataset_file: Path) -> list[dict[str, object]]:
    """Shipments as mappings with the field names of the wire."""
    from weighbridge_training import dataset

    outside = {"late"}
    return [
        {name: value for name, value in row.items() if name not in outside}
        for row in dataset.read_csv(dataset_file)
    ]
