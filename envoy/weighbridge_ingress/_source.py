"""Where the wanted traffic comes from, as the agent sees it."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Snapshot(NamedTuple):
    """The traffic file at one moment: its text (None if absent) and what names that moment."""

    source: str
    text: str | None
    fault: str | None = None
    """Why it may not be the newest state. Traffic is taken from it all the same."""


class Source(Protocol):
    """A place that holds the traffic file: a Git branch, a ConfigMap."""

    @property
    def name(self) -> str:
        """What to call it in a message; without credentials."""

    @property
    def file(self) -> str:
        """What to call its text where a problem names a line."""

    @property
    def absent(self) -> str:
        """What to say while it holds no traffic file."""

    def read(self) -> Snapshot:
        """Read it now. Called at every look, so cheap while nothing changed. Raises SourceError."""
