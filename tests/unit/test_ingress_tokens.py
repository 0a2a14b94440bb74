"""Keys and tokens for pins."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import jwt
import pytest

from weighbridge_ingress import TokenError
from weighbridge_ingress.tokens import add_signing_key, create_signing_key, issue_token


def verify(token: str, folder: Path) -> dict[str, object]:
    """Verify a token as Envoy does: by the public key that it names, with expiry required."""
    keys = jwt.PyJWKSet.from_json((folder / "jwks.json").read_text())
    key = keys[jwt.get_unverified_header(token)["kid"]]
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


def test_a_key_that_was_removed_is_over(tmp_path: Path) -> None:
    key_file = create_signing_key(tmp_path)
    token = issue_token(key_file, "ada", 60)
    key_file.unlink()
    create_signing_key(tmp_path)
    with pytest.raises(KeyError):
        verify(token, tmp_path)


def test_a_new_key_takes_nobodys_place(tmp_path: Path) -> None:
    first = add_signing_key(tmp_path / "keys")
    assert (first.name, stat.S_IMODE(first.stat().st_mode)) == ("pin-signing.pem", 0o600)
    before = (first.read_bytes(), (tmp_path / "keys" / "jwks.json").read_bytes())
    with pytest.raises(TokenError, match=r"pin-signing\.pem is there already.*--add"):
        add_signing_key(tmp_path / "keys")
    assert before == (first.read_bytes(), (tmp_path / "keys" / "jwks.json").read_bytes())


def test_tokens_of_the_old_and_the_new_key_are_good_while_keys_change(tmp_path: Path) -> None:
    old = add_signing_key(tmp_path)
    new = add_signing_key(tmp_path, beside_others=True)
    third = add_signing_key(tmp_path, beside_others=True)
    assert len({old, new, third}) == 3
    assert stat.S_IMODE(new.stat().st_mode) == 0o600
    for key_file in (old, new, third):
        assert verify(issue_token(key_file, "ada", 60), tmp_path)["sub"] == "ada"
    create_signing_key(tmp_path)  # as each `make up` does
    assert verify(issue_token(new, "ada", 60), tmp_path)


def test_a_first_key_may_come_beside_public_ones(tmp_path: Path) -> None:
    create_signing_key(tmp_path).unlink()
    with pytest.raises(TokenError, match=r"jwks\.json is there already"):
        add_signing_key(tmp_path)
    key_file = add_signing_key(tmp_path, beside_others=True)
    assert key_file.name == "pin-signing.pem"
    assert len(json.loads((tmp_path / "jwks.json").read_text())["keys"]) == 2


def test_a_set_that_is_none_is_told_and_kept(tmp_path: Path) -> None:
    (tmp_path / "jwks.json").write_text("[]")
    with pytest.raises(TokenError, match=r"jwks\.json cannot be read"):
        add_signing_key(tmp_path, beside_others=True)
    assert [path.name for path in tmp_path.iterdir()] == ["jwks.json"]


def test_a_key_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match=r"none\.pem"):
        issue_token(tmp_path / "none.pem", "ada", 60)
    (tmp_path / "text.pem").write_text("no key")
    with pytest.raises(TokenError, match=r"text\.pem"):
        issue_token(tmp_path / "text.pem", "ada", 60)


def test_the_command_prints_the_key_alone_and_says_what_to_do_next(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "weighbridge"), "token", "key", str(tmp_path)]
    first, again, beside = (
        subprocess.run([*command, *more], capture_output=True, text=True, check=False)
        for more in ([], [], ["--add"])
    )
    assert (first.returncode, first.stdout) == (0, f"{tmp_path}/pin-signing.pem\n")
    assert "commit it" in first.stderr
    assert again.returncode == 1
    assert "--add" in again.stderr
    assert beside.returncode == 0
    assert Path(beside.stdout.strip()).exists()
    assert "take the old key out" in beside.stderr
