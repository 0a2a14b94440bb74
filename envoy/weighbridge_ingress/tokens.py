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
    "add_signing_key",
    "create_signing_key",
    "issue_token",
]

ISSUER = "weighbridge"
AUDIENCE = "serving-api"
PIN_SCOPE = "pin-version"
KEY_FILE = "pin-signing.pem"
JWKS_FILE = "jwks.json"

Jwk = dict[str, str]


def create_signing_key(folder: Path) -> Path:
    """Make a signing key in a folder and return its path; a key that is there is kept.

    pin-signing.pem (0600) signs tokens; jwks.json is its public half, which Envoy reads at its
    start only. A new key is alone in it: tokens of one that was removed are over.
    """
    key_file = folder / KEY_FILE
    public = [] if not key_file.exists() else _public_keys(folder / JWKS_FILE)
    if not key_file.exists():
        _write_private(key_file, _new_key())
    _write_public(folder / JWKS_FILE, public, _load(key_file))
    return key_file


def add_signing_key(folder: Path, *, beside_others: bool = False) -> Path:
    """Make one more signing key in a folder and return its path; nothing there is overwritten.

    A second key bears its id in its name, and jwks.json then holds both. Raises TokenError where
    keys are and `beside_others` is not asked for, and where jwks.json cannot be read.
    """
    key_file, jwks_file = folder / KEY_FILE, folder / JWKS_FILE
    taken = [file for file in (key_file, jwks_file) if file.exists()]
    if taken and not beside_others:
        raise TokenError(
            f"{taken[0]} is there already, and tokens signed with its key would be over at once; "
            "ask for a key beside it (--add), or choose another folder"
        )
    key, public = _new_key(), _public_keys(jwks_file)
    if key_file.exists():
        key_file = folder / f"{key_file.stem}-{_jwk(key)['kid']}{key_file.suffix}"
    _write_private(key_file, key)
    _write_public(jwks_file, public, key)
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
    key = _load(key_file)
    return jwt.encode(claims, key, "ES256", {"kid": _jwk(key)["kid"]})


def _load(key_file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise TokenError(f"the signing key {key_file} cannot be read: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TokenError(f"{key_file} holds no elliptic-curve key")
    return key


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _write_private(key_file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key_file.parent.mkdir(parents=True, exist_ok=True)
    # Opened as 0600 rather than changed to it: nobody may read the key in between.
    descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)


def _write_public(jwks_file: Path, known: list[Jwk], key: ec.EllipticCurvePrivateKey) -> None:
    new = _jwk(key)
    others = [jwk for jwk in known if jwk.get("kid") != new["kid"]]
    jwks_file.write_text(json.dumps({"keys": [*others, new]}, indent=2) + "\n")


def _public_keys(jwks_file: Path) -> list[Jwk]:
    """Read a key set, an empty one if there is no file. Raises TokenError."""
    if not jwks_file.exists():
        return []
    try:
        return [dict(jwk) for jwk in json.loads(jwks_file.read_text())["keys"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TokenError(f"{jwks_file} cannot be read as a set of keys: {error!r}") from error


def _jwk(key: ec.EllipticCurvePrivateKey) -> Jwk:
    jwk = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    name = hashlib.sha256(f"{jwk['x']}.{jwk['y']}".encode()).hexdigest()[:16]
    return {**jwk, "kid": name, "alg": "ES256", "use": "sig"}
