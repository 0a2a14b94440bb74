"""What can be read from a traffic file that need not be an acceptable one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from weighbridge_ingress._errors import Problem
from weighbridge_ingress._traffic import data_digest
from weighbridge_ingress._yaml import load_with_lines

if TYPE_CHECKING:
    from collections.abc import Mapping


def traffic_digest(text: str) -> str:
    """Name a state by 12 hex digits: the same for a file in Git and the ConfigMap made of it.

    For an acceptable text it is the traffic's revision. A text without data of strings, which no
    cluster could hold, is named by its own SHA-256.
    """
    data = _data(text)
    if data is not None and all(isinstance(value, str) for value in data.values()):
        return data_digest(data)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def stated_stable(text: str) -> str | None:
    """Read the stable version that a text asks for, whatever else is wrong with it."""
    stable = (_data(text) or {}).get("stable")
    return stable if isinstance(stable, str) else None


def _data(text: str) -> Mapping[str, str] | None:
    document = load_with_lines(text, "")
    if isinstance(document, Problem):
        return None
    data = document.get("data")
    if isinstance(data, dict) and all(isinstance(key, str) for key in data):
        return data
    return None
