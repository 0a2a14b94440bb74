"""What must hold of routes.yaml beyond what Envoy itself accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from weighbridge_ingress._errors import TemplateError
from weighbridge_ingress._routes import (
    WEIGHTED_ROUTE,
    find_route,
    read_traffic,
    render_routes,
    routes_of,
    strict_cluster,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PIN_HEADER = "x-model-version"
NOWHERE = "nowhere"
_IS_A_CALL = {":method", "content-type"}
_CREDENTIAL = {"envoy.filters.http.jwt_authn", "envoy.filters.http.rbac"}


class Finding(NamedTuple):
    """A breach and the node of the document that shows it."""

    node: Any
    rule: str
    message: str


def template_findings(template: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Finding]:
    """The file must be what the agent would render for all traffic on its stable version."""
    traffic = read_traffic(config)
    if traffic is None or traffic.canary_permille or traffic.shadow_permille:
        yield Finding(config, "all-on-stable", "metadata must hold a traffic with all on stable")
        return
    try:
        same = render_routes(template, traffic) == template
    except TemplateError as error:
        yield Finding(config, "template", str(error))
        return
    if not same:
        message = "weights, order, revision or routed versions differ from the file's own metadata"
        yield Finding(config, "all-on-stable", f"{message}; revision is {traffic.revision}")


def route_findings(config: Mapping[str, Any], versions: Sequence[str]) -> Iterator[Finding]:
    """Every rule for the routes of the configuration."""
    if not config.get("validate_clusters"):
        message = "must be true, else a route to an unknown cluster is taken and its calls fail"
        yield Finding(config, "validate_clusters", message)
    for route in routes_of(config):
        yield from _stamps(route)
        yield from _guards(route)
    yield from _pins(config, versions)
    yield from _sticky(config)


def _stamps(route: Mapping[str, Any]) -> Iterator[Finding]:
    action = route.get("route")
    if action is None:
        return
    set_here = _overwritten(route)
    branches = action.get("weighted_clusters", {}).get("clusters") or [{}]
    for name in ("x-route", "x-routed-version"):
        if name not in set_here and not all(name in _overwritten(part) for part in branches):
            message = f"route {route.get('name')} must overwrite {name}: a caller could forge it"
            yield Finding(route, "forgery", message)


def _guards(route: Mapping[str, Any]) -> Iterator[Finding]:
    if "grpc" in route.get("match", {}):
        message = f"route {route.get('name')} matches on grpc: JSON calls would pass around it"
        yield Finding(route, "grpc-match", message)
    action = route.get("route", {"cluster": NOWHERE})
    matched = {match.get("name") for match in route.get("match", {}).get("headers", ())}
    if action.get("cluster") != NOWHERE and not matched >= _IS_A_CALL:
        message = f"route {route.get('name')} must match on {', '.join(sorted(_IS_A_CALL))}"
        yield Finding(route, "not-a-call", f"{message}: servers reset what is no gRPC call")
    strict = str(action.get("cluster", "")).startswith(strict_cluster(""))
    if strict and not set(route.get("typed_per_filter_config", ())) >= _CREDENTIAL:
        message = f"route {route.get('name')} goes to a strict cluster without a credential"
        yield Finding(route, "credential", message)


def _pins(config: Mapping[str, Any], versions: Sequence[str]) -> Iterator[Finding]:
    pinned: dict[str, str] = {}
    closed = False
    for route in routes_of(config):
        value = _pin_value(route)
        if value is not None and not closed:
            pinned[value] = route.get("route", {}).get("cluster", "")
        elif _is_catch_all_pin(route):
            closed = True
            text = route.get("direct_response", {}).get("body", {}).get("inline_string", "")
            if not all(version in text for version in versions):
                yield Finding(route, "pin", f"the refusal must name {', '.join(versions)}")
        elif not closed and route.get("route", {"cluster": NOWHERE}).get("cluster") != NOWHERE:
            message = f"route {route.get('name')} stands before the refusal of unknown versions"
            yield Finding(route, "pin", message)
    for version in versions:
        if pinned.get(version) != strict_cluster(version):
            message = f"{version} needs a pin route to {strict_cluster(version)}"
            yield Finding(config, "pin", message)
    for version in sorted(pinned.keys() - set(versions)):
        missing = f"{strict_cluster(version)} and the aggregate {version}"
        message = f"{version} has a pin route, but bootstrap.yaml has no clusters {missing}"
        yield Finding(config, "pin", message)
    if not closed:
        yield Finding(config, "pin", "there must be a route that refuses unknown versions")


def _sticky(config: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        action = find_route(config, WEIGHTED_ROUTE)["route"]
    except TemplateError:
        return  # told by the template's own rule
    hashed = [
        policy.get("header", {}).get("header_name") for policy in action.get("hash_policy", ())
    ]
    if not action.get("weighted_clusters", {}).get("use_hash_policy") or hashed != ["x-user-id"]:
        message = "the weighted route must split by hash of x-user-id: use_hash_policy"
        yield Finding(action, "sticky", message)


def _overwritten(part: Mapping[str, Any]) -> set[str]:
    return {
        entry["header"]["key"]
        for entry in part.get("request_headers_to_add", ())
        if entry.get("append_action") == "OVERWRITE_IF_EXISTS_OR_ADD"
    }


def _pin_value(route: Mapping[str, Any]) -> str | None:
    for match in route.get("match", {}).get("headers", ()):
        if match.get("name") == PIN_HEADER and "string_match" in match:
            return str(match["string_match"].get("exact", ""))
    return None


def _is_catch_all_pin(route: Mapping[str, Any]) -> bool:
    match = route.get("match", {})
    headers = [dict(header) for header in match.get("headers", ())]
    return match.get("prefix") == "/" and headers == [{"name": PIN_HEADER, "present_match": True}]
