"""Envoy: the address that clients call."""

from pathlib import Path

from weighbridge_ingress import bootstrap, envoy_binary
from weighbridge_stack._layout import PROJECT, Layout
from weighbridge_stack._parts import _probe
from weighbridge_stack._process import Part
from weighbridge_stack._settings import SERVING_VERSIONS


def part(layout: Layout) -> Part:
    """Return Envoy as a part of the stack."""
    settings = layout.settings
    return Part(
        name="envoy",
        title="Envoy",
        port=settings.envoy_port,
        command=[
            str(envoy_binary()),
            *("--config-path", str(_bootstrap(layout))),
            *("--concurrency", "1"),
            *("--log-level", "warning"),
            # Hot restart wants shared memory under a name that two stacks would fight for.
            "--disable-hot-restart",
        ],
        environment={},
        # A route of the routes file: ready means that the agent's file is in use.
        ready=lambda: _probe.http(f"http://{layout.target}/ready"),
    )


def _bootstrap(layout: Layout) -> Path:
    """Fit the bootstrap that Kubernetes uses to this machine's addresses and folders."""
    settings = layout.settings
    local = bootstrap.localize(
        bootstrap.load_bootstrap(PROJECT / "envoy" / "bootstrap.yaml"),
        servers={
            version: [f"{settings.local}:{settings.version_port(version)}"]
            for version in SERVING_VERSIONS
        },
        routes_file=layout.routes,
        descriptors_file=PROJECT / "protos/logistics/delay/v1/descriptors.binpb",
        jwks_file=layout.keys / "jwks.json",
        listen=f"{settings.bind}:{settings.envoy_port}",
        probe=f"{settings.bind}:{settings.envoy_probe_port}",
        admin=f"127.0.0.1:{settings.envoy_admin_port}",
    )
    path = layout.envoy / "bootstrap.yaml"
    bootstrap.write_bootstrap(local, path)
    return path
