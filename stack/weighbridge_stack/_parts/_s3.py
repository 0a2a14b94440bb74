"""The S3 server: rclone over a plain folder, so that objects survive any way of stopping it."""

import sysconfig
from pathlib import Path

from weighbridge_stack._layout import BUCKET, Layout
from weighbridge_stack._parts import _probe
from weighbridge_stack._process import Part


def program() -> Path:
    """Return the path of rclone, which its package installs beside this Python."""
    return Path(sysconfig.get_path("scripts")) / "rclone"


def part(layout: Layout) -> Part:
    """Return the S3 server as a part of the stack."""
    settings, secrets = layout.settings, layout.secrets
    (layout.home / "s3" / BUCKET).mkdir(parents=True, exist_ok=True)
    return Part(
        name="s3",
        title="S3 server",
        port=settings.s3_port,
        command=[
            str(program()),
            "serve",
            "s3",
            f"--addr={settings.bind}:{settings.s3_port}",
            "--no-cleanup",
            str(layout.home / "s3"),
        ],
        environment={
            # Not on the command line, where every user of the machine could read it. The quotes
            # keep rclone from splitting the pair at its comma.
            "RCLONE_AUTH_KEY": f'"{secrets.s3_access_key},{secrets.s3_secret_key}"',
            "RCLONE_CONFIG": str(layout.home / "rclone.conf"),
        },
        ready=lambda: _probe.tcp(settings.local, settings.s3_port),
    )
