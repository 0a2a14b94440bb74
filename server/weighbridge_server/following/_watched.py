"""Which alias is to be followed: variables, and over them a folder of files that may change.

The folder is a mounted ConfigMap. The kubelet swaps all of its files at once by one symbolic link,
so they are read by their names each time, and never through a handle that is kept.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from weighbridge_server.following._errors import ConfigurationError
from weighbridge_server.models import Alias

_log = logging.getLogger(__name__)

NAME_FILE: Final = "MODEL_NAME"
ALIAS_FILE: Final = "MODEL_ALIAS"
_DEFAULT_ALIAS: Final = "production"
_MOST_BYTES: Final = 4096
# A second look finds what a change between two files had mixed.
_MOST_LOOKS: Final = 3


@dataclass(frozen=True, slots=True)
class AliasSource:
    """Where an alias is named: by variables, by files in `folder`, which count more, or both."""

    tracking_uri: str
    name: str | None = None
    alias: str | None = None
    folder: Path | None = None


class WatchedAlias:
    """Tells what is to be followed now. A file that is missing or empty leaves it as it was."""

    def __init__(self, source: AliasSource) -> None:
        self._source = source
        self._values = {
            NAME_FILE: source.name or "",
            ALIAS_FILE: source.alias or _DEFAULT_ALIAS,
        }
        self._seen: set[str] = set()
        self._lost: set[str] = set()
        self._told = ""

    def read_first(self) -> Alias:
        """Look for the first time. Raises ConfigurationError: there is nothing to go on with."""
        if self._source.folder is not None:
            self._take(_read_settled(self._source.folder))
        return self._alias()

    def read(self) -> Alias:
        """Look again; a file that cannot be used leaves all as it was, too."""
        try:
            alias = self.read_first()
        except ConfigurationError as error:
            self._tell_once(str(error))
            return self._alias()
        self._told = ""
        return alias

    def _alias(self) -> Alias:
        return Alias(self._values[NAME_FILE], self._values[ALIAS_FILE], self._source.tracking_uri)

    def _tell_once(self, error: str) -> None:
        if error != self._told:
            _log.warning(
                "the model's configuration cannot be used; going on with what it said before",
                extra={"error": error},
            )
        self._told = error

    def _take(self, found: dict[str, str]) -> None:
        self._values |= found
        self._seen |= found.keys()
        lost = self._seen - found.keys()
        if lost - self._lost:
            _log.warning(
                "the model's configuration is incomplete; going on with what it said before",
                extra={"folder": str(self._source.folder), "missing_or_empty": sorted(lost)},
            )
        self._lost = lost


def read_files(folder: Path) -> dict[str, str]:
    """Return what the files say, without those that are missing or empty.

    Raises ConfigurationError for one that is there and cannot be used.
    """
    found: dict[str, str] = {}
    for name in (NAME_FILE, ALIAS_FILE):
        if text := _read_text(folder / name):
            found[name] = text
    return found


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {path}: {error.strerror}; let this process read it, or remove it"
        ) from error
    if len(content) > _MOST_BYTES:
        raise ConfigurationError(
            f"{path} has more than {_MOST_BYTES} bytes; write nothing but a name into it"
        )
    try:
        return content.decode().strip()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is no UTF-8 text; write a name into it") from None


def _read_settled(folder: Path) -> dict[str, str]:
    found = read_files(folder)
    for _ in range(_MOST_LOOKS):
        again = read_files(folder)
        if again == found:
            break
        found = again
    return found
