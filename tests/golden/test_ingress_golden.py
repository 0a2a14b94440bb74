"""Traffic files in, routes or problems out. WEIGHBRIDGE_REWRITE_GOLDEN=1 writes the outs anew."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from weighbridge_ingress import Traffic, TrafficError, render_routes

CASES = Path(__file__).parent / "envoy"
VERSIONS = ("v6", "v7")
ALL_ON_STABLE = {"stable": "v6", "canary": "v7", "canary-percent": "0", "shadow-percent": "0"}


def names(folder: str) -> list[str]:
    return sorted(path.name.removesuffix(".in.yaml") for path in (CASES / folder).glob("*.in.yaml"))


def compare(text: str, path: Path) -> None:
    if os.environ.get("WEIGHBRIDGE_REWRITE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


def as_yaml(document: dict[str, Any]) -> str:
    yaml = YAML()
    yaml.width = 1000
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


@pytest.fixture(scope="module")
def template(project: Path) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(project / "envoy" / "routes.yaml")
    return document


@pytest.mark.parametrize("name", names("valid"))
def test_traffic_becomes_routes(name: str, template: dict[str, Any]) -> None:
    traffic = Traffic.parse((CASES / "valid" / f"{name}.in.yaml").read_text(), VERSIONS)
    routes = render_routes(template, traffic)
    compare(as_yaml(routes), CASES / "valid" / f"{name}.out.yaml")


def test_the_template_is_its_own_rendering(template: dict[str, Any]) -> None:
    assert render_routes(template, Traffic.from_data(ALL_ON_STABLE)) == template


@pytest.mark.parametrize("name", names("invalid"))
def test_an_invalid_file_is_refused_with_lines_and_reasons(name: str) -> None:
    with pytest.raises(TrafficError) as refused:
        Traffic.parse((CASES / "invalid" / f"{name}.in.yaml").read_text(), VERSIONS)
    problems = "".join(f"{problem}\n" for problem in refused.value.problems)
    compare(problems, CASES / "invalid" / f"{name}.out.txt")
