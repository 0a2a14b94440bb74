"""The pin: which bytes are to be served, as Git has it."""

import re
from dataclasses import dataclass

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Pin:
    """One registry version and the digest of its artefact.

    Raises ValueError when the digest is not 64 lowercase hex digits.
    """

    name: str
    version: str
    uri: str
    sha256: str

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError("a SHA-256 has 64 lowercase hex digits")

    @property
    def digest(self) -> str:
        """Name the digest as answers and log rows do."""
        return f"sha256:{self.sha256}"
