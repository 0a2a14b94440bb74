"""Traffic into routes, and back. Pure: dicts in, dicts out."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple

from weighbridge_ingress._errors import TemplateError, TrafficError
from weighbridge_ingress._traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROUTE_CONFIGURATION = "serving"
NAMESPACE = "weighbridge"
WEIGHTED_ROUTE = "weight"
STABLE_ROUTE = "server-info"
REVISION = "x-traffic-revision"
ROUTED = "x-routed-version"
_OVERWRITE = "OVERWRITE_IF_EXISTS_OR_ADD"

Json = dict[str, Any]


class LiveState(NamedTuple):
    """What a route configuration does to the split, whatever it was meant to do."""

    revision: str
    weights: dict[str, int]
    shadow: int


def strict_cluster(version: str) -> str:
    """Name the cluster that holds the pods of one version and nothing else."""
    return f"serving-api-{version}"


def header(key: str, value: str) -> Json:
    """Make a header that replaces whatever a caller sent under that name."""
    return {"header": {"key": key, "value": value}, "append_action": _OVERWRITE}


def render_routes(template: Mapping[str, Any], traffic: Traffic) -> Json:
    """Set the traffic in a copy of routes.yaml. Raises TemplateError."""
    document: Json = copy.deepcopy(dict(template))
    config = route_configuration(document)
    config["metadata"] = {"filter_metadata": {NAMESPACE: {"traffic": dict(traffic.data)}}}
    _set_header(config.get("request_headers_to_add"), REVISION, traffic.revision)
    _set_header(config.get("response_headers_to_add"), REVISION, traffic.revision)

    weighted = find_route(config, WEIGHTED_ROUTE)
    action = weighted["route"]
    action.setdefault("weighted_clusters", {})["clusters"] = [
        {
            "name": version,
            "weight": weight,
            "request_headers_to_add": [header(ROUTED, version)],
            "response_headers_to_add": [header(ROUTED, version)],
        }
        for version, weight in traffic.weights.items()
    ]
    action.pop("request_mirror_policies", None)
    if traffic.shadow_permille:
        action["request_mirror_policies"] = [_mirror(traffic)]

    info = find_route(config, STABLE_ROUTE)
    info["route"]["cluster"] = traffic.stable
    _set_header(info.get("request_headers_to_add"), ROUTED, traffic.stable)
    return document


def read_traffic(config: Mapping[str, Any]) -> Traffic | None:
    """Read back which traffic a route configuration was rendered from, or None if none."""
    try:
        data = config["metadata"]["filter_metadata"][NAMESPACE]["traffic"]
        return Traffic.from_data(data)
    except (KeyError, TypeError, TrafficError):
        return None


def read_state(config: Mapping[str, Any]) -> LiveState | None:
    """Read the revision and shares a route configuration really gives, or None if it has none."""
    try:
        action = find_route(config, WEIGHTED_ROUTE)["route"]
        clusters = action["weighted_clusters"]["clusters"]
        weights = {cluster["name"]: int(cluster.get("weight", 0)) for cluster in clusters}
        shadow = sum(_mirrored(policy) for policy in action.get("request_mirror_policies", ()))
        stamps = config.get("request_headers_to_add", ())
        headers = {entry["header"]["key"]: entry["header"].get("value", "") for entry in stamps}
    except (KeyError, TypeError, ValueError, TemplateError):
        return None  # someone's own routes, loaded past the agent
    return LiveState(headers.get(REVISION, ""), weights, shadow)


def route_configuration(document: Mapping[str, Any]) -> Json:
    """Take the one route configuration out of a routes file. Raises TemplateError."""
    resources = document.get("resources")
    if not isinstance(resources, list) or len(resources) != 1:
        raise TemplateError("routes: resources must hold exactly one route configuration")
    config: Json = resources[0]
    if config.get("name") != ROUTE_CONFIGURATION:
        raise TemplateError(f"routes: the configuration must be named {ROUTE_CONFIGURATION}")
    return config


def routes_of(config: Mapping[str, Any]) -> Iterator[Json]:
    """Walk over every route of every virtual host."""
    for host in config.get("virtual_hosts", ()):
        yield from host.get("routes", ())


def find_route(config: Mapping[str, Any], name: str) -> Json:
    """Find a route by its name. Raises TemplateError."""
    for route in routes_of(config):
        if route.get("name") == name and isinstance(route.get("route"), dict):
            return route
    raise TemplateError(f"routes: there must be a route named {name} that sends calls on")


def _set_header(entries: list[Json] | None, key: str, value: str) -> None:
    for entry in entries or ():
        if entry["header"]["key"] == key:
            entry["header"]["value"] = value
            return
    raise TemplateError(f"routes: the header {key} must stand where it is to be set")


def _mirror(traffic: Traffic) -> Json:
    """Copy a share of the calls to the canary's own pods; nobody waits for the answers."""
    share = {"numerator": traffic.shadow_permille * 10, "denominator": "TEN_THOUSAND"}
    return {
        "cluster": strict_cluster(traffic.canary),
        "runtime_fraction": {"default_value": share},
        "request_headers_mutations": [
            {"append": header("x-route", "shadow")},
            {"append": header(ROUTED, traffic.canary)},
        ],
    }


def _mirrored(policy: Mapping[str, Any]) -> int:
    """Read the thousandths of the calls that a policy of ours copies."""
    return int(policy["runtime_fraction"]["default_value"].get("numerator", 0)) // 10
