"""A commit as people read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_SHORT = 10


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit on the environment's branch."""

    sha: str
    author: str
    email: str
    when: datetime
    """When it was committed, with the committer's offset."""
    subject: str
    body: str
    """Without the trailers."""
    trailers: Mapping[str, tuple[str, ...]]
    """By key; a key may stand several times."""

    @property
    def short(self) -> str:
        return self.sha[:_SHORT]

    def __str__(self) -> str:
        return f"{self.short} “{self.subject}” by {self.author}, {self.when:%Y-%m-%d %H:%M:%S %Z}"
