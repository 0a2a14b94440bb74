"""The bootstrap for Kubernetes becomes one for this machine, and nothing of it is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from weighbridge_ingress import TemplateError, localize
from weighbridge_ingress.bootstrap import known_versions, load_bootstrap

if TYPE_CHECKING:
    from pathlib import Path

SERVERS = {"v6": ["127.0.0.1:9006"], "v7": ["127.0.0.1:9007", "[::1]:9008"]}


@pytest.fixture
def bootstrap(project: Path) -> dict[str, Any]:
    return load_bootstrap(project / "envoy" / "bootstrap.yaml")


def local(bootstrap: dict[str, Any], folder: Path, **changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "servers": SERVERS,
        "routes_file": folder / "routes" / "routes.yaml",
        "descriptors_file": folder / "descriptors.binpb",
        "jwks_file": folder / "jwks.json",
        **changes,
    }
    return localize(bootstrap, **arguments)


def endpoints(bootstrap: dict[str, Any], name: str) -> list[tuple[str, int, str]]:
    clusters = {item["name"]: item for item in bootstrap["static_resources"]["clusters"]}
    found = []
    for endpoint in clusters[name]["load_assignment"]["endpoints"][0]["lb_endpoints"]:
        address = endpoint["endpoint"]["address"]["socket_address"]
        version = endpoint["metadata"]["filter_metadata"]["weighbridge"]["version"]
        found.append((address["address"], address["port_value"], version))
    return found


def test_the_versions_are_those_with_a_fall_back(bootstrap: dict[str, Any]) -> None:
    assert known_versions(bootstrap) == ("v6", "v7")


def test_every_server_becomes_an_endpoint_of_its_version(
    bootstrap: dict[str, Any], tmp_path: Path
) -> None:
    made = local(bootstrap, tmp_path)
    assert endpoints(made, "serving-api-v6") == [("127.0.0.1", 9006, "v6")]
    assert endpoints(made, "serving-api-v7") == [("127.0.0.1", 9007, "v7"), ("::1", 9008, "v7")]


def test_nothing_of_kubernetes_is_left(bootstrap: dict[str, Any], tmp_path: Path) -> None:
    made = str(local(bootstrap, tmp_path, listen="127.0.0.1:1", probe="127.0.0.1:2"))
    for word in (
        "STRICT_DNS",
        "cluster.dns",
        "/etc/weighbridge",
        "/var/lib",
        "0.0.0",
        "8080",
        "9902",
    ):
        assert word not in made


def test_the_bootstrap_given_stays_as_it_is(bootstrap: dict[str, Any], tmp_path: Path) -> None:
    before = str(bootstrap)
    local(bootstrap, tmp_path)
    assert str(bootstrap) == before


@pytest.mark.parametrize(
    "changes", [{"servers": {"v6": ["127.0.0.1:1"]}}, {"listen": "8080"}, {"admin": "localhost"}]
)
def test_what_is_missing_is_named(
    changes: dict[str, Any], bootstrap: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(TemplateError, match=r"v7|host:port"):
        local(bootstrap, tmp_path, **changes)
