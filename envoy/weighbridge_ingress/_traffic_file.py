"""The rules of a traffic file. Each breach is told with its line and with what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from weighbridge_ingress._errors import Problem, TrafficError
from weighbridge_ingress._yaml import line_of, load_with_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

KEYS = ("stable", "canary", "canary-percent", "shadow-percent")
PERCENTS = ("canary-percent", "shadow-percent")

_TOP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": None, "data": None}
_METADATA = ("name", "namespace", "labels", "annotations")
_PERCENT = re.compile(r"(?:\d|[1-9]\d)(?:\.\d)?|100(?:\.0)?", re.ASCII)
_VERSION = re.compile(r"v[1-9]\d*", re.ASCII)

Breach = tuple[str, str, str]
"""The key at fault, the rule, the message."""
Path = tuple[str, ...]


def read_data(text: str, known_versions: Collection[str] | None, file: str) -> dict[str, str]:
    """Take the data out of a traffic ConfigMap. Raises TrafficError with all problems."""
    document = load_with_lines(text, file)
    if isinstance(document, Problem):
        raise TrafficError((document,))
    breaches = list(_outer_problems(document))
    data = document.get("data")
    if isinstance(data, dict):
        inner = data_problems(data, known_versions)
        breaches += [(("data", key), rule, message) for key, rule, message in inner]
    problems = [
        Problem(file, _line(document, path), rule, message) for path, rule, message in breaches
    ]
    if problems:
        raise TrafficError(tuple(sorted(problems, key=lambda problem: problem.line)))
    return {str(key): str(value) for key, value in document["data"].items()}


def data_problems(data: Mapping[Any, Any], known_versions: Collection[str] | None) -> list[Breach]:
    """Name every breach of the rules for the data itself."""
    breaches = [
        (str(key), "unknown-key", f"{key} is no key of traffic; the keys are {', '.join(KEYS)}")
        for key in data
        if key not in KEYS
    ]
    breaches += [(key, "missing-key", f"{key} is missing") for key in KEYS if key not in data]
    for key in KEYS:
        if key in data:
            breaches += _value_problems(key, data[key], known_versions)
    if "stable" in data and data["stable"] == data.get("canary"):
        breaches.append(("canary", "same-version", "canary must be another version than stable"))
    return breaches


def _outer_problems(document: Mapping[Any, Any]) -> Iterator[tuple[Path, str, str]]:
    for key in document:
        if key not in _TOP:
            yield (key,), "unknown-key", f"{key} does not belong here; keep to {', '.join(_TOP)}"
    for key, wanted in _TOP.items():
        if key not in document:
            yield (key,), "missing-key", f"{key} is missing"
        elif wanted is not None and document[key] != wanted:
            yield (key,), key, f"must be {wanted}, not {document[key]!r}"
        elif wanted is None and not isinstance(document[key], dict):
            yield (key,), key, "must be a mapping of keys to values"
    metadata = document.get("metadata")
    if isinstance(metadata, dict):
        for key in metadata:
            if key not in _METADATA:
                yield ("metadata", key), "unknown-key", f"{key} does not belong into metadata"
        if metadata.get("name") != "traffic":
            message = f"must be traffic, not {metadata.get('name')!r}"
            yield ("metadata", "name"), "metadata.name", message


def _value_problems(key: str, value: object, known: Collection[str] | None) -> Iterator[Breach]:
    if not isinstance(value, str):
        yield key, key, f'must be text: write it in quotes, for example "{_example(key)}"'
    elif key in PERCENTS and not _PERCENT.fullmatch(value):
        yield key, key, f'must be "0" to "100" with at most one decimal, not "{value}"'
    elif key not in PERCENTS and not _VERSION.fullmatch(value):
        yield key, key, f'must be a version such as "v7", not "{value}"'
    elif key not in PERCENTS and known is not None and value not in known:
        yield key, "unknown-version", f"{value} has no cluster in Envoy; known: {_list(known)}"


def _example(key: str) -> str:
    return "10" if key in PERCENTS else "v7"


def _list(versions: Collection[str]) -> str:
    return ", ".join(sorted(versions, key=lambda version: (len(version), version)))


def _line(node: Any, path: Path) -> int:
    """Find the line (from 1) of the deepest key of a path that is there."""
    line = 1
    for key in path:
        here = line_of(node, key)
        if here is None:
            break
        line, node = here, node[key]
    return line
