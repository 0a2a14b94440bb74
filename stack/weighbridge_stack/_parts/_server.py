"""The model servers: one process for each version, each started from its pin in Git."""

import sys
from collections.abc import Mapping

from weighbridge_stack._catalog import server_name
from weighbridge_stack._layout import Layout
from weighbridge_stack._model_name import is_own
from weighbridge_stack._parts import _probe
from weighbridge_stack._process import Part

# Whatever the model, its server is ready when this service is.
_SERVICE = "inference.GRPCInferenceService"


def part(layout: Layout, version: str, pin: Mapping[str, str]) -> Part:
    """Return the model server of a version, with the model of its pin, as a part of the stack."""
    settings = layout.settings
    port, metrics = settings.version_port(version), settings.version_metrics_port(version)
    spool = layout.spools / version
    spool.mkdir(parents=True, exist_ok=True)
    return Part(
        name=server_name(version),
        title=f"Model server {version}",
        port=port,
        command=[sys.executable, "-m", "weighbridge_server"],
        environment={
            **pin,
            **layout.s3_environment,
            **_signature(pin),
            "WEIGHBRIDGE_SERVING_VERSION": version,
            "WEIGHBRIDGE_LISTEN": f"{settings.bind}:{port}",
            "WEIGHBRIDGE_METRICS_LISTEN": f"{settings.bind}:{metrics}",
            "WEIGHBRIDGE_SPOOL_DIR": str(spool),
            "WEIGHBRIDGE_MODEL_CACHE_DIR": str(layout.home / "models" / version),
            "WEIGHBRIDGE_STICKY_SALT": layout.secrets.sticky_salt,
            "MALLOC_ARENA_MAX": "2",  # as in the image
        },
        ready=lambda: _probe.grpc_serving(f"{settings.local}:{port}", _SERVICE),
    )


def _signature(pin: Mapping[str, str]) -> dict[str, str]:
    """Let a model of one's own have whatever inputs; ours must fit the service it is made for."""
    return {"WEIGHBRIDGE_SIGNATURE": "any"} if is_own(pin["MODEL_NAME"]) else {}
