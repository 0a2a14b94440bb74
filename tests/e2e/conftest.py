"""What the end-to-end tests share."""

from pathlib import Path

import pytest

from tests.fix_stack import Stack


@pytest.fixture(scope="session")
def rows(dataset_file: Path) -> list[dict[str, object]]:
    """Shipments as mappings with the field names of the wire."""
    from weighbridge_training import dataset

    outside = {"late"}
    return [
        {name: value for name, value in row.items() if name not in outside}
        for row in dataset.read_csv(dataset_file)
    ]


@pytest.fixture
def target(stack: Stack) -> str:
    """Envoy's address."""
    return stack.environment["WEIGHBRIDGE_TARGET"]
