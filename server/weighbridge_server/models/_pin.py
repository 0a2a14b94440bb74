"""The pin: which bytes are to be served, as Git has it, or as an alias named it at the start."""

import re
from dataclasses import dataclass
from typing import Literal

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Pin:
    """One registry version and the digest of its artefact.

    `alias` names how the version was found, None where Git named it. Raises ValueError when the
    digest is not 64 lowercase hex digits.
    """

    name: str
    version: str
    uri: str
    sha256: str
    alias: str | None = None

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError("a SHA-256 has 64 lowercase hex digits")

    @property
    def digest(self) -> str:
        """Name the digest as answers and log rows do."""
        return f"sha256:{self.sha256}"

    @property
    def label(self) -> str:
        """Name the version as the traffic file does."""
        return f"v{self.version}"

    @property
    def mode(self) -> Literal["pinned", "alias"]:
        """Tell who chose the version: Git, or the registry's alias."""
        return "pinned" if self.alias is None else "alias"
