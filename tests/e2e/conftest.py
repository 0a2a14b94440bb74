"""What the end-to-end tests share."""

from pathlib import Path

import pytest

from tests.fix_stack import Stack


@pytest.fixture(scope="session")
def rows_file(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public dataset's 1,000 rows where they lie beside the checkout, else rows of its form."""
    published = project.parent / "shared" / "data" / "smart_logistics_dataset.csv"
    if published.exists():
        return published
    from weighbridge_training import dataset, generator

    path = tmp_path_factory.mktemp("data") / "shipments.csv"
    dataset.write_csv(path, generator.generate(rows=1_000, seed=1))
    return path


@pytest.fixture(scope="session")
def rows(rows_file: Path) -> list[dict[str, object]]:
    """Shipments as mappings with the field names of the wire."""
    from weighbridge_training import dataset

    outside = {"late"}
    return [
        {name: value for name, value in row.items() if name not in outside}
        for row in dataset.read_csv(rows_file)
    ]


@pytest.fixture
def target(stack: Stack) -> str:
    """Envoy's address."""
    return stack.environment["WEIGHBRIDGE_TARGET"]
