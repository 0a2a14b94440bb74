"""The command `weighbridge`."""

from weighbridge_cli._main import main

__all__ = ["main"]
