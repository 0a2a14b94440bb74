"""What must hold of bootstrap.yaml beyond what Envoy itself accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weighbridge_ingress._routes import NAMESPACE, strict_cluster
from weighbridge_ingress._rules_routes import Finding
from weighbridge_ingress.bootstrap import connection_manager, known_versions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

# With the transcoder behind the credential's filters, JSON calls pass them unseen.
_ORDER = ("grpc_json_transcoder", "jwt_authn", "rbac", "buffer", "grpc_stats", "router")
# Percent, so that one healthy pod of 1,000 still counts as a whole version.
_WHILE_ONE_IS_HEALTHY = 100_000


def named_versions(bootstrap: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the versions that have a cluster of either kind, so that the other kind is asked for."""
    names = [cluster["name"] for cluster in bootstrap["static_resources"]["clusters"]]
    prefix = strict_cluster("")
    strict = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    return tuple(dict.fromkeys([*known_versions(bootstrap), *strict]))


def bootstrap_findings(bootstrap: Mapping[str, Any]) -> Iterator[Finding]:
    """Every rule for the bootstrap. Raises TemplateError where a part is missing."""
    admin = bootstrap["admin"]["address"].get("socket_address", {})
    if admin and admin.get("address") != "127.0.0.1":
        yield Finding(bootstrap["admin"], "admin", "the admin must listen on 127.0.0.1 only")
    manager = connection_manager(bootstrap)
    names = [item["name"].removeprefix("envoy.filters.http.") for item in manager["http_filters"]]
    if [name for name in names if name in _ORDER] != list(_ORDER):
        message = f"the filters must stand in the order {', '.join(_ORDER)}"
        yield Finding(manager["http_filters"], "filter-order", message)
    clusters = {cluster["name"]: cluster for cluster in bootstrap["static_resources"]["clusters"]}
    known = known_versions(bootstrap)
    for version in named_versions(bootstrap):
        strict = clusters.get(strict_cluster(version))
        if strict is None:
            message = f"{version} needs its strict cluster {strict_cluster(version)}"
            yield Finding(clusters[version], "strict-cluster", message)
        else:
            yield from _strict(strict, version)
        if version in known:
            yield from _aggregate(clusters[version], version, clusters)
        else:
            message = f"{version} needs its aggregate cluster {version}: without it no traffic goes"
            yield Finding(strict, "aggregate", message)


def _aggregate(
    cluster: Mapping[str, Any], version: str, known: Collection[str]
) -> Iterator[Finding]:
    order = cluster["cluster_type"]["typed_config"]["clusters"]
    for name in order:
        if name not in known:  # which `envoy --mode validate` does not see
            yield Finding(cluster, "fall-back", f"{version} falls back to {name}, which is unknown")
    if order[0] != strict_cluster(version) or len(order) < 2:
        message = f"{version} must try {strict_cluster(version)} first and have one to fall back to"
        yield Finding(cluster, "fall-back", message)
    limits = cluster.get("circuit_breakers", {}).get("thresholds") or [{}]
    if "max_retries" not in limits[0]:
        message = f"{version} needs its own max_retries: an aggregate's default of 3 loses calls"
        yield Finding(cluster, "retries", message)


def _strict(cluster: Mapping[str, Any], version: str) -> Iterator[Finding]:
    name = cluster["name"]
    if cluster.get("common_lb_config", {}).get("healthy_panic_threshold", {}).get("value") != 0:
        yield Finding(cluster, "panic", f"{name} needs panic 0, else a dead version is not left")
    policy = cluster["load_assignment"].get("policy", {})
    if policy.get("overprovisioning_factor") != _WHILE_ONE_IS_HEALTHY:
        message = (
            f"{name} needs load_assignment.policy.overprovisioning_factor {_WHILE_ONE_IS_HEALTHY}: "
            "by default calls go to the other version while some of its pods are still healthy"
        )
        yield Finding(cluster, "partly-healthy", message)
    if not any("grpc_health_check" in check for check in cluster.get("health_checks", ())):
        yield Finding(cluster, "health", f"{name} needs a gRPC health check")
    for locality in cluster["load_assignment"]["endpoints"]:
        for endpoint in locality["lb_endpoints"]:
            metadata = endpoint.get("metadata", {}).get("filter_metadata", {})
            if metadata.get(NAMESPACE, {}).get("version") != version:
                message = f"{name}: endpoint metadata {NAMESPACE}.version must be {version}"
                yield Finding(endpoint, "served-by", message)
