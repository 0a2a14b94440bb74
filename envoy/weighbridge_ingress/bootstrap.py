"""envoy/bootstrap.yaml: read it, ask it for versions, and fit it to one machine."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from weighbridge_ingress._errors import TemplateError
from weighbridge_ingress._routes import NAMESPACE, strict_cluster
from weighbridge_ingress._yaml import dump, load_plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = [
    "connection_manager",
    "filter_config",
    "find_descriptors",
    "known_versions",
    "load_bootstrap",
    "localize",
    "write_bootstrap",
]

Json = dict[str, Any]

AGGREGATE = "envoy.clusters.aggregate"
_DNS_FIELDS = ("cluster_type", "ignore_health_on_host_removal")


def load_bootstrap(path: Path) -> Json:
    """Read a bootstrap file. Raises TemplateError."""
    return load_plain(path)


def write_bootstrap(bootstrap: Mapping[str, Any], path: Path) -> None:
    """Write a bootstrap file for `envoy -c`."""
    path.write_text(dump(dict(bootstrap)), encoding="utf-8")


def find_descriptors(project: Path) -> Path:
    """Return what JSON calls are read by: the one such file under protos/. Raises TemplateError."""
    found = sorted(project.glob("protos/**/descriptors.binpb"))
    if len(found) != 1:
        raise TemplateError(
            f"{project}/protos must hold one descriptors.binpb, not {len(found)}: `make generate`"
        )
    return found[0]


def known_versions(bootstrap: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the versions that calls can be sent to: those with an aggregate cluster."""
    return tuple(
        cluster["name"]
        for cluster in bootstrap["static_resources"]["clusters"]
        if cluster.get("cluster_type", {}).get("name") == AGGREGATE
    )


def localize(
    bootstrap: Mapping[str, Any],
    *,
    servers: Mapping[str, Sequence[str]],
    routes_file: Path,
    descriptors_file: Path,
    jwks_file: Path,
    listen: str = "127.0.0.1:8080",
    probe: str = "127.0.0.1:9902",
    admin: str = "127.0.0.1:9901",
) -> Json:
    """Turn the bootstrap for Kubernetes into one for this machine.

    `servers` gives "host:port" of each process of each version; the hosts are IP addresses.
    The folder of `routes_file` is watched, so nothing else should be moved into it. Raises
    TemplateError where a version has no servers or the bootstrap lacks a part.
    """
    local: Json = copy.deepcopy(dict(bootstrap))
    local["admin"]["address"] = _address(admin)
    _cluster(local, "admin")["load_assignment"]["endpoints"] = [
        {"lb_endpoints": [{"endpoint": {"address": _address(admin)}}]}
    ]
    for name, place in (("probe", probe), ("data", listen)):
        _named(local["static_resources"]["listeners"], name)["address"] = _address(place)
    manager = connection_manager(local)
    manager["rds"]["config_source"]["path_config_source"] = {
        "path": str(routes_file),
        "watched_directory": {"path": str(routes_file.parent)},
    }
    filter_config(manager, "grpc_json_transcoder")["proto_descriptor"] = str(descriptors_file)
    for provider in filter_config(manager, "jwt_authn")["providers"].values():
        provider["local_jwks"] = {"filename": str(jwks_file)}
    for version in known_versions(local):
        if not servers.get(version):
            raise TemplateError(f"servers: {version} needs at least one address")
        _set_servers(_cluster(local, strict_cluster(version)), version, servers[version])
    return local


def connection_manager(bootstrap: Mapping[str, Any]) -> Json:
    """Take the HTTP connection manager of the data listener. Raises TemplateError."""
    listener = _named(bootstrap["static_resources"]["listeners"], "data")
    manager: Json = listener["filter_chains"][0]["filters"][0]["typed_config"]
    return manager


def filter_config(manager: Mapping[str, Any], name: str) -> Json:
    """Take the settings of one HTTP filter by the last part of its name."""
    config: Json = _named(manager["http_filters"], f"envoy.filters.http.{name}")["typed_config"]
    return config


def _set_servers(cluster: Json, version: str, servers: Sequence[str]) -> None:
    cluster["type"] = "STATIC"  # a name server has no part in one machine's work
    for name in _DNS_FIELDS:
        cluster.pop(name, None)
    metadata = {"filter_metadata": {NAMESPACE: {"version": version}}}
    endpoints = [
        {"endpoint": {"address": _address(server)}, "metadata": metadata} for server in servers
    ]
    cluster["load_assignment"]["endpoints"] = [{"lb_endpoints": endpoints}]


def _cluster(bootstrap: Mapping[str, Any], name: str) -> Json:
    return _named(bootstrap["static_resources"]["clusters"], name)


def _named(items: Sequence[Json], name: str) -> Json:
    for item in items:
        if item.get("name") == name:
            return item
    raise TemplateError(f"bootstrap: there must be an entry named {name}")


def _address(place: str) -> Json:
    host, _, port = place.rpartition(":")
    if not host or not port.isdigit():
        raise TemplateError(f"an address is host:port, not {place!r}")
    return {"socket_address": {"address": host.strip("[]"), "port_value": int(port)}}
