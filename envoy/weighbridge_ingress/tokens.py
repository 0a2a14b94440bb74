"""Credentials for pinned calls: a signing key, its public half for Envoy, and tokens."""

from __future__ import annotations

import hashlib
import json
import os
import time
from typing import TYPE_CHECKING

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from weighbridge_ingress._errors import TokenError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "AUDIENCE",
    "ISSUER",
    "JWKS_FILE",
    "KEY_FILE",
    "PIN_SCOPE",
    "create_signing_key",
    "issue_token",
]

ISSUER = "weighbridge"
AUDIENCE = "serving-api"
PIN_SCOPE = "pin-version"
KEY_FILE = "pin-signing.pem"
JWKS_FILE = "jwks.json"


def create_signing_key(folder: Path) -> Path:
    """Make a signing key in a folder and return its path; a key that is there is kept.

    pin-signing.pem (0600) signs tokens; jwks.json is its public half, which Envoy reads at its
    start only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key_file = folder / KEY_FILE
    if not key_file.exists():
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        # Opened as 0600 rather than changed to it: nobody may read the key in between.
        descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
    (folder / JWKS_FILE).write_text(json.dumps({"keys": [_public_jwk(key_file)]}, indent=2) + "\n")
    return key_file


def issue_token(key_file: Path, subject: str, ttl_s: float, scope: str = PIN_SCOPE) -> str:
    """Sign a token that expires after `ttl_s` seconds; `scope` may hold several, by spaces.

    Raises TokenError where the key cannot be read.
    """
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "scope": scope,
        "iat": now,
        "exp": int(now + ttl_s),
    }
    return jwt.encode(claims, _load(key_file), "ES256", {"kid": _public_jwk(key_file)["kid"]})


def _load(key_file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise TokenError(f"the signing key {key_file} cannot be read: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TokenError(f"{key_file} holds no elliptic-curve key")
    return key


def _public_jwk(key_file: Path) -> dict[str, str]:
    jwk = ECAlgorithm.to_jwk(_load(key_file).public_key(), as_dict=True)
    name = hashlib.sha256(f"{jwk['x']}.{jwk['y']}".encode()).hexdigest()[:16]
    return {**jwk, "kid": name, "alg": "ES256", "use": "sig"}
