"""What must hold of traffic/<environment>/ as a whole: a pin for each version, and no other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from weighbridge_ingress._errors import Problem
from weighbridge_ingress._yaml import line_of, load_with_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_PIN = re.compile(r"model-(v\d+)\.yaml")


def environment_problems(kustomization: Path, versions: Collection[str]) -> Iterator[Problem]:
    """Every breach of one environment that goes to Kubernetes. Raises OSError."""
    file = str(kustomization)
    document = load_with_lines(kustomization.read_text(encoding="utf-8"), file)
    if isinstance(document, Problem):
        yield document
        return
    line = line_of(document, "resources") or 1
    listed = {str(name) for name in document.get("resources") or ()}
    for version in versions:
        pin = f"model-{version}.yaml"
        if pin not in listed:
            yield Problem(file, line, "model", f"{version} needs its pin: list {pin} in resources")
        if not kustomization.with_name(pin).is_file():
            command = f"weighbridge model pin {version} -e {kustomization.parent.name}"
            yield Problem(file, line, "model", f"there is no {pin}; `{command} …` writes it")
    for name in sorted(listed):
        found = _PIN.fullmatch(name)
        if found and found[1] not in versions:
            message = f"{name} is the pin of a version that bootstrap.yaml does not have"
            yield Problem(file, line, "model", message)
