"""Passwords of one stack: made at the first start, kept in its folder for its owner alone."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from weighbridge_stack._errors import StackError


@dataclass(frozen=True, slots=True)
class Secrets:
    """The stack's secrets."""

    # The superuser's: only the stack itself uses it, to make databases and their owners.
    postgres_admin_password: str
    # The owner's of the databases, and of nothing else.
    postgres_password: str
    s3_access_key: str
    s3_secret_key: str
    sticky_salt: str

    @staticmethod
    def load_or_create(home: Path) -> "Secrets":
        """Return the secrets of the stack in this folder."""
        path = home / "secrets.json"
        if path.exists():
            try:
                return Secrets(**json.loads(path.read_text()))
            except (ValueError, TypeError) as error:
                raise StackError(
                    f"{path} is not what this version writes ({error}). Go back to the version "
                    f"that wrote it, or begin anew: stop the stack and remove {home.resolve()}."
                ) from error
        fresh = Secrets(
            postgres_admin_password=secrets.token_hex(16),
            postgres_password=secrets.token_hex(16),
            s3_access_key="weighbridge",
            s3_secret_key=secrets.token_hex(16),
            sticky_salt=secrets.token_hex(16),
        )
        # Whole or not at all: a half-written file would lock the stack out of its own database.
        temporary = home / "secrets.tmp"
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(asdict(fresh)))
        temporary.rename(path)
        return fresh
