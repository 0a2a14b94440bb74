"""The shipper: carries what the servers wrote down into PostgreSQL."""

import json
import sys
from pathlib import Path

import psutil

from weighbridge_stack._layout import Layout
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
            "WEIGHBRIDGE_SPOOL_ROOT": str(layout.spools),
            "WEIGHBRIDGE_DATABASE_URL": layout.database_url(),
        },
        ready=lambda: _has_begun(layout.spools / ".shipper.json"),
    )


def _has_begun(status: Path) -> bool:
    """Tell whether a shipper that lives wrote its status; one that was killed leaves its own."""
    try:
        return psutil.pid_exists(json.loads(status.read_text())["pid"])
    except FileNotFoundError:
        return False
