"""Envoy: the address that clients call."""

import urllib.request
from collections.abc import Sequence
from pathlib import Path

from weighbridge_ingress import bootstrap, envoy_binary
from weighbridge_stack._layout import BOOTSTRAP, PROJECT, Layout
from weighbridge_stack._parts import _probe
from weighbridge_stack._process import Part


def part(layout: Layout) -> Part:
    """Return Envoy as a part of the stack."""
    settings, config = layout.settings, _bootstrap(layout)
    return Part(
        name="envoy",
        title="Envoy",
        port=settings.envoy_port,
        command=[
            str(envoy_binary()),
            *("--config-path", str(config)),
            *("--concurrency", "1"),
            *("--log-level", "warning"),
            # Hot restart wants shared memory under a name that two stacks would fight for.
            "--disable-hot-restart",
        ],
        environment={},
        # A route of the routes file: ready means that the agent's file is in use.
        ready=lambda: _probe.http(f"http://{layout.target}/ready"),
        reads=(config, bootstrap.find_descriptors(PROJECT)),
    )


class HealthChecks:
    """Envoy's own view of the model servers, from when this was made.

    A server that has just started is ready a moment before Envoy knows, or has died and come back
    before Envoy noticed. Only a health check passed since then tells that calls can go there.
    """

    def __init__(self, layout: Layout, versions: Sequence[str]) -> None:
        self._admin_url = layout.admin_url
        self._clusters = [f"serving-api-{version}" for version in versions]
        self._passed_before = self._stats("health_check.success")

    def all_passed(self) -> bool:
        """Tell whether every version is healthy and has passed a check; OSError without Envoy."""
        passed = self._stats("health_check.success")
        healthy = self._stats("membership_healthy")
        return all(
            healthy[name] and passed[name] > self._passed_before[name] for name in self._clusters
        )

    def _stats(self, stat: str) -> dict[str, int]:
        query = f"{self._admin_url}/stats?filter=^cluster.serving-api-[^.]*.{stat}$"
        with urllib.request.urlopen(query, timeout=2) as answer:  # noqa: S310 - our own address
            lines = answer.read().decode().splitlines()
        pairs = (line.split(": ") for line in lines)
        return {name.split(".")[1]: int(value) for name, value in pairs}


def _bootstrap(layout: Layout) -> Path:
    """Fit the bootstrap that Kubernetes uses to this machine's addresses and folders."""
    settings = layout.settings
    local = bootstrap.localize(
        bootstrap.load_bootstrap(BOOTSTRAP),
        servers={
            version: [f"{settings.local}:{settings.version_port(version)}"]
            for version in layout.versions
        },
        routes_file=layout.routes,
        descriptors_file=bootstrap.find_descriptors(PROJECT),
        jwks_file=layout.keys / "jwks.json",
        listen=f"{settings.bind}:{settings.envoy_port}",
        probe=f"{settings.bind}:{settings.envoy_probe_port}",
        admin=f"127.0.0.1:{settings.envoy_admin_port}",
    )
    path = layout.envoy / "bootstrap.yaml"
    bootstrap.write_bootstrap(local, path)
    return path
