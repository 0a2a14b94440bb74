"""Where the wanted traffic comes from, as the agent sees it."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Snapshot(NamedTuple):
    """The traffic file at one moment: its text (None if absent) and what names that moment."""

    source: str
    text: str | None


class Source(Protocol):
    """A place that holds the traffic file: a Git branch, a mounted ConfigMap."""

    @property
    def name(self) -> str:
        """What to call it in a message; without credentials."""

    def read(self) -> Snapshot:
        """Read it now. Called at every look, so cheap while nothing changed. Raises SourceError."""
