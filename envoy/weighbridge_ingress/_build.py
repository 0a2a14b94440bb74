"""Putting an agent together from its settings."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from weighbridge_ingress._admin import EnvoyAdmin
from weighbridge_ingress._agent import Agent
from weighbridge_ingress._errors import TemplateError
from weighbridge_ingress._follower import Follower
from weighbridge_ingress._git_source import GitSource
from weighbridge_ingress._keeper import Keeper
from weighbridge_ingress._routes import read_traffic, route_configuration
from weighbridge_ingress._routes_file import RoutesFile
from weighbridge_ingress._watch import Watch
from weighbridge_ingress._yaml import load_plain
from weighbridge_ingress.bootstrap import known_versions, load_bootstrap

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from weighbridge_ingress._settings import AgentSettings
    from weighbridge_ingress._source import Source
    from weighbridge_ingress._traffic import Traffic


def build_agent(settings: AgentSettings) -> Agent:
    """Make the agent of these settings. Raises TemplateError or SourceError."""
    versions = known_versions(load_bootstrap(settings.bootstrap))
    template = load_plain(settings.routes_template)
    fallback = read_traffic(route_configuration(template))
    if fallback is None or fallback.canary_permille:
        raise TemplateError(f"{settings.routes_template} must hold all on its stable version")
    wake = Event()
    source = _source(settings, wake)
    follower = Follower(source, versions, _on_disk(settings.routes_file, versions))
    admin = EnvoyAdmin(settings.envoy_admin)
    return Agent(
        settings.agent_name,
        Watch(follower, settings.poll_interval_s, wake),
        Keeper(template, RoutesFile(settings.routes_file), admin),
        admin,
        fallback,
        versions,
    )


def _source(settings: AgentSettings, wake: Event) -> Source:
    if settings.traffic_configmap and settings.traffic_mount:
        # A Kubernetes client takes memory that an agent of a Git repository need not spend.
        from weighbridge_ingress._configmap_source import ConfigMapSource

        return ConfigMapSource(settings.traffic_configmap, settings.traffic_mount, wake)
    repository = settings.traffic_repo or ""  # one of both is set, or there are no settings
    return GitSource(repository, settings.traffic_branch, settings.traffic_file)


def _on_disk(routes_file: Path, versions: Collection[str]) -> Traffic | None:
    """Read the traffic that an earlier agent kept, so that a restart changes nothing."""
    try:
        traffic = read_traffic(route_configuration(load_plain(routes_file)))
    except TemplateError:
        return None
    if traffic and {traffic.stable, traffic.canary} <= set(versions):
        return traffic
    return None
