"""Read and edit traffic.yaml.

An edit replaces one value's own characters and leaves every other byte as a person wrote it, so
that the commit's diff is one line. Writing the document out again, even with comments kept, would
touch quoting and spacing elsewhere.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode

from weighbridge_ingress import Traffic, TrafficError
from weighbridge_rollout._errors import InvalidTrafficError
from weighbridge_rollout._problems import list_problems, yaml_fault

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def parse_traffic(text: str, known_versions: Collection[str] | None) -> Traffic:
    """Read a traffic file; raise InvalidTrafficError with every problem and its line.

    Without known versions (None) any version is taken.
    """
    try:
        return Traffic.parse(text, known_versions)
    except TrafficError as error:
        problems = tuple(str(problem) for problem in error.problems)
        message = list_problems("agents refuse this traffic file", problems)
        raise InvalidTrafficError(message, problems) from error


def read_data(text: str) -> dict[str, str]:
    """Return a ConfigMap's `data`; raise InvalidTrafficError if there is none."""
    try:
        document = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise InvalidTrafficError(f"this is not YAML: {yaml_fault(error)}") from error
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict):
        raise InvalidTrafficError("this is not a ConfigMap with data")
    return {str(key): str(value) for key, value in data.items()}


def edit_data(text: str, values: Mapping[str, str]) -> str:
    """Set keys of a ConfigMap's `data`; keys must be there, values are written in quotes.

    Reads the result back: InvalidTrafficError if it says anything else (an alias, for example).
    """
    edited = text
    for start, end, value in sorted(_spots(text, values), reverse=True):
        edited = f"{edited[:start]}{quote(value)}{edited[end:]}"
    if not _says(edited, {**read_data(text), **values}):
        keys = ", ".join(values)
        raise InvalidTrafficError(f"{keys} cannot be set without changing more: edit it by hand")
    return edited


def _says(text: str, data: Mapping[str, str]) -> bool:
    try:
        return read_data(text) == data
    except InvalidTrafficError:
        return False


def quote(value: str) -> str:
    """Write a value as a YAML string; JSON's form is one."""
    return json.dumps(value, ensure_ascii=False)


def _spots(text: str, values: Mapping[str, str]) -> list[tuple[int, int, str]]:
    root = YAML(typ="rt", pure=True).compose(text)
    data = child(root, "data")
    spots = []
    for key, value in values.items():
        node = child(data, key)
        if not isinstance(node, ScalarNode):
            raise InvalidTrafficError(f"data.{key} is missing or is not one value")
        spots.append((node.start_mark.index, node.end_mark.index, value))
    return spots


def child(node: object, key: str) -> object:
    """Return the value of a mapping's key as a node of the YAML, None if there is none."""
    if not isinstance(node, MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)
