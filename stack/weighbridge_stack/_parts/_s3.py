"""The S3 server: rclone over a plain folder, so that objects survive any way of stopping it."""

import sysconfig
from pathlib import Path

from weighbridge_stack._layout import BUCKET, Layout
from weighbridge_stack._parts import _probe
from weighbridge_stack._process import Part
from weighbridge_stack._settings import StackSettings


def program() -> Path:
    """Return the path of rclone, which its package installs beside this Python."""
    return Path(sysconfig.get_path("scripts")) / "rclone"


def command(settings: StackSettings) -> list[str]:
    """Make the bucket, and return the command line of a server that holds it."""
    folder = settings.home.resolve() / "s3"
    (folder / BUCKET).mkdir(parents=True, exist_ok=True)
    address = f"--addr={settings.bind}:{settings.s3_port}"
    return [str(program()), "serve", "s3", address, "--no-cleanup", str(folder)]


def environment(home: Path, access_key: str, secret_key: str) -> dict[str, str]:
    """Return the variables of a server that lets in one key pair."""
    return {
        # Not on the command line, where every user of the machine could read it. The quotes
        # keep rclone from splitting the pair at its comma.
        "RCLONE_AUTH_KEY": f'"{access_key},{secret_key}"',
        "RCLONE_CONFIG": str(home / "rclone.conf"),
    }


def part(layout: Layout) -> Part:
    """Return the S3 server as a part of the stack."""
    settings, secrets = layout.settings, layout.secrets
    return Part(
        name="s3",
        title="S3 server",
        port=settings.s3_port,
        command=command(settings),
        environment=environment(layout.home, secrets.s3_access_key, secrets.s3_secret_key),
        ready=lambda: _probe.tcp(settings.local, settings.s3_port),
    )
