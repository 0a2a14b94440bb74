"""Keys and tokens for pins."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import jwt
import pytest

from weighbridge_ingress import TokenError
from weighbridge_ingress.tokens import create_signing_key, issue_token

if TYPE_CHECKING:
    from pathlib import Path


def verify(token: str, folder: Path) -> dict[str, object]:
    """Verify a token as Envoy does: by the public key of the file, with expiry required."""
    key = jwt.PyJWK(json.loads((folder / "jwks.json").read_text())["keys"][0])
    claims: dict[str, object] = jwt.decode(
        token,
        key,
        ["ES256"],
        audience="serving-api",
        issuer="weighbridge",
        options={"require": ["exp"]},
    )
    return claims


def test_a_token_names_subject_scope_and_end(tmp_path: Path) -> None:
    key_file = create_signing_key(tmp_path)
    claims = verify(issue_token(key_file, "ada", 60), tmp_path)
    assert (claims["sub"], claims["scope"]) == ("ada", "pin-version")
    assert int(str(claims["exp"])) - int(str(claims["iat"])) == 60


def test_an_old_token_is_over(tmp_path: Path) -> None:
    with pytest.raises(jwt.ExpiredSignatureError):
        verify(issue_token(create_signing_key(tmp_path), "ada", -1), tmp_path)


def test_only_the_owner_may_read_the_key(tmp_path: Path) -> None:
    key_file = create_signing_key(tmp_path / "new")
    assert key_file.name == "pin-signing.pem"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    public = json.loads((tmp_path / "new" / "jwks.json").read_text())["keys"][0]
    assert "d" not in public


def test_a_key_is_made_once(tmp_path: Path) -> None:
    first = create_signing_key(tmp_path).read_bytes()
    assert create_signing_key(tmp_path).read_bytes() == first


def test_a_key_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match=r"none\.pem"):
        issue_token(tmp_path / "none.pem", "ada", 60)
    (tmp_path / "text.pem").write_text("no key")
    with pytest.raises(TokenError, match=r"text\.pem"):
        issue_token(tmp_path / "text.pem", "ada", 60)
