"""The model servers: one process for each version, each started from its pin in Git."""

import sys

from weighbridge_rollout import read_pin
from weighbridge_stack._errors import StartError
from weighbridge_stack._layout import Layout
from weighbridge_stack._models import environment
from weighbridge_stack._parts import _probe
from weighbridge_stack._process import Part

_SERVICE = "logistics.delay.v1.DelayService"


def part(layout: Layout, version: str) -> Part:
    """Return the model server of a version as a part of the stack."""
    settings = layout.settings
    port = settings.version_port(version)
    spool = layout.spools / version
    spool.mkdir(parents=True, exist_ok=True)
    return Part(
        name=f"server-{version}",
        title=f"Model server {version}",
        port=port,
        command=[sys.executable, "-m", "weighbridge_server"],
        environment={
            **_pin(layout, version),
            **layout.s3_environment,
            "WEIGHBRIDGE_SERVING_VERSION": version,
            "WEIGHBRIDGE_LISTEN": f"{settings.bind}:{port}",
            "WEIGHBRIDGE_SPOOL_DIR": str(spool),
            "WEIGHBRIDGE_MODEL_CACHE_DIR": str(layout.home / "models" / version),
            "WEIGHBRIDGE_STICKY_SALT": layout.secrets.sticky_salt,
        },
        ready=lambda: _probe.grpc_serving(f"{settings.local}:{port}", _SERVICE),
    )


def _pin(layout: Layout, version: str) -> dict[str, str]:
    pin = read_pin(environment(layout), version)
    if pin is None:
        raise StartError(
            f"{version} has no pin in {layout.repository}: write one with "
            f"`weighbridge model pin {version} --version {version.removeprefix('v')}`."
        )
    return dict(pin)
