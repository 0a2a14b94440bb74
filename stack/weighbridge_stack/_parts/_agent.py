"""The agent: carries the traffic file from Git into Envoy."""

import sys

from weighbridge_stack._layout import BOOTSTRAP, ENVIRONMENT_FOLDER, PROJECT, Layout
from weighbridge_stack._parts import _probe
from weighbridge_stack._process import Part


def part(layout: Layout) -> Part:
    """Return the agent as a part of the stack."""
    settings = layout.settings
    template = PROJECT / "envoy" / "routes.yaml"
    layout.routes.parent.mkdir(parents=True, exist_ok=True)
    return Part(
        name="agent",
        title="Agent",
        port=settings.agent_port,
        command=[sys.executable, "-m", "weighbridge_ingress"],
        environment={
            "WEIGHBRIDGE_TRAFFIC_REPO": str(layout.repository),
            "WEIGHBRIDGE_TRAFFIC_BRANCH": "main",
            "WEIGHBRIDGE_TRAFFIC_PATH": ENVIRONMENT_FOLDER,
            "WEIGHBRIDGE_ROUTES_TEMPLATE": str(template),
            "WEIGHBRIDGE_ROUTES_FILE": str(layout.routes),
            "WEIGHBRIDGE_BOOTSTRAP": str(BOOTSTRAP),
            "WEIGHBRIDGE_ENVOY_ADMIN": layout.admin_url,
            "WEIGHBRIDGE_REPORT_LISTEN": f"{settings.bind}:{settings.agent_port}",
        },
        # Envoy starts after it and needs its file; that Envoy obeys is looked at in the end.
        ready=lambda: layout.routes.exists() and _probe.http(f"{layout.agent_url}/report"),
        reads=(BOOTSTRAP, template),
    )
