"""The shipper: carries what the servers wrote down into PostgreSQL."""

import sys

from weighbridge_stack._layout import Layout
from weighbridge_stack._parts import _probe
from weighbridge_stack._process import Part


def part(layout: Layout) -> Part:
    """Return the shipper as a part of the stack."""
    layout.spools.mkdir(parents=True, exist_ok=True)
    return Part(
        name="shipper",
        title="Log shipper",
        port=None,
        command=[sys.executable, "-m", "weighbridge_predictionlog", "ship"],
        environment={
            "WEIGHBRIDGE_SPOOL_DIR": str(layout.spools),
            "WEIGHBRIDGE_DATABASE_URL": layout.database_url(),
        },
        # It holds this lock for as long as it works.
        ready=lambda: _probe.is_locked(layout.spools / ".shipper.lock"),
    )
