"""What the end-to-end tests share."""

import pytest

from tests.fix_stack import Stack


@pytest.fixture
def target(stack: Stack) -> str:
    """Envoy's address."""
    return stack.environment["WEIGHBRIDGE_TARGET"]
