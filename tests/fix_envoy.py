"""A real Envoy with its agent, a traffic repository, and one echoing server per version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ingress import Ingress, new_ingress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def ingress(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[Ingress]:
    """A running ingress shared by all tests that leave its parts alone; each sets its split."""
    ingress = new_ingress(tmp_path_factory.mktemp("ingress"), project)
    try:
        ingress.start("v6", "v7", "agent", "envoy")
        ingress.set_traffic("10")
        ingress.wait_until_healthy()
        yield ingress
    finally:
        ingress.stop_all()


@pytest.fixture
def own_ingress(tmp_path: Path, project: Path) -> Iterator[Ingress]:
    """An ingress of this test's own, of which nothing runs yet."""
    ingress = new_ingress(tmp_path / "ingress", project)
    try:
        yield ingress
    finally:
        ingress.stop_all()
