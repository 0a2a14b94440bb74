"""The routes file that Envoy watches."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_Stamp = tuple[int, int, int]


class RoutesFile:
    """Reads only when the file changed; writes so that Envoy sees all of it or nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: _Stamp | None = None
        self._text: str | None = None

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    def read(self) -> str | None:
        """Read the text, None if there is no readable file."""
        stamp = self._stat()
        if stamp is None or stamp != self._stamp:
            self._stamp = stamp
            self._text = self._load() if stamp else None
        return self._text

    def write(self, text: str) -> None:
        """Put a new text in place by a rename: the only change that Envoy notices."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_name(f".{self._path.name}.new")
        with new.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # a power cut must not leave an empty file to start from
        new.replace(self._path)

    def _load(self) -> str | None:
        try:
            return self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def _stat(self) -> _Stamp | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
