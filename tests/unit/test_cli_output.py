"""What may become JSON."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from weighbridge_cli._output import plain


@dataclass
class _Pair:
    when: datetime
    names: tuple[str, ...]


def test_known_types_have_one_form() -> None:
    value = {"pair": _Pair(datetime(2026, 11, 24, tzinfo=UTC), ("a",)), "none": None, "yes": True}
    assert plain(value) == {
        "pair": {"when": "2026-11-24T00:00:00+00:00", "names": ["a"]},
        "none": None,
        "yes": True,
    }


def test_a_type_without_a_form_is_named() -> None:
    with pytest.raises(TypeError, match="UUID"):
        plain([UUID(int=0)])
