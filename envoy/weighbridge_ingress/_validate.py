"""Asking the real Envoy whether it would start with these files."""

from __future__ import annotations

import copy
import json
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weighbridge_ingress._binary import envoy_binary
from weighbridge_ingress._routes import route_configuration
from weighbridge_ingress.bootstrap import connection_manager, filter_config

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_S = 30.0
# Any public key will do where the real one is made at installation.
_SOME_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
    "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
}
_SOME_KEYS = {"inline_string": json.dumps({"keys": [_SOME_KEY]})}


def inline_routes(bootstrap: Mapping[str, Any], routes: Mapping[str, Any]) -> dict[str, Any]:
    """Put the routes into a copy of the bootstrap, since validation reads no other file."""
    inlined = copy.deepcopy(dict(bootstrap))
    manager = connection_manager(inlined)
    config = dict(route_configuration(routes))
    del manager["rds"], config["@type"]
    manager["route_config"] = config
    return inlined


def envoy_refusal(
    bootstrap: Mapping[str, Any], routes: Mapping[str, Any], descriptors_file: Path, jwks_file: Path
) -> str | None:
    """Let `envoy --mode validate` judge; return its reason to refuse, or None.

    Without the file of public keys, some key stands in for them.
    """
    keys = {"filename": str(jwks_file)} if jwks_file.exists() else _SOME_KEYS
    inlined = inline_routes(bootstrap, routes)
    manager = connection_manager(inlined)
    filter_config(manager, "grpc_json_transcoder")["proto_descriptor"] = str(descriptors_file)
    for provider in filter_config(manager, "jwt_authn")["providers"].values():
        provider["local_jwks"] = keys
    with tempfile.TemporaryDirectory(prefix="weighbridge-check-") as folder:
        file = Path(folder) / "bootstrap.json"
        file.write_text(json.dumps(inlined), encoding="utf-8")
        done = subprocess.run(
            [str(envoy_binary()), "--mode", "validate", "-c", str(file), "-l", "error"],
            capture_output=True,
            check=False,
            text=True,
            timeout=_TIMEOUT_S,
        )
    if done.returncode == 0:
        return None
    lines = (done.stderr + done.stdout).strip().splitlines()
    return next((line for line in lines if "error" in line), "no reason given")
