"""The pins that served last, on disk beside the copies: one for each alias and pinned version.

With it a server that starts while the registry is away knows which copy to serve, and servers
that share a folder know which copies the others need.
"""

import hashlib
import logging
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from weighbridge_server.models._durable import write_whole, written_at
from weighbridge_server.models._pin import Pin
from weighbridge_server.models._registry import Alias

_log = logging.getLogger(__name__)

_PREFIX = "served-"
# A folder that pods share outlives many versions; each start writes its own pin anew.
_MOST_PINS = 12


class _Record(BaseModel):
    """A pin as it is written; with the names, as the file's own name is a digest of them."""

    model_config = ConfigDict(frozen=True, strict=True)

    name: str
    alias: str
    version: str
    uri: str
    sha256: str


class PinMemory:
    """Remembers one pin for each alias and pinned version; servers of one folder share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def remember(self, pin: Pin) -> None:
        """Write the pin down; a folder that cannot be written is a warning."""
        alias = pin.alias or ""
        record = _Record(
            name=pin.name, alias=alias, version=pin.version, uri=pin.uri, sha256=pin.sha256
        )
        try:
            write_whole(self._path(pin.name, alias or pin.label), record.model_dump_json().encode())
        except OSError as error:
            _log.warning(
                "the version that serves cannot be remembered; a restart may need the registry "
                "(free or correct WEIGHBRIDGE_MODEL_CACHE_DIR)",
                extra={"error": str(error)},
            )

    def recall(self, alias: Alias) -> Pin | None:
        """Return the pin that served last for this alias, None if none is known."""
        record = _read(self._path(alias.name, alias.alias))
        if record is None or (record.name, record.alias) != (alias.name, alias.alias):
            return None
        try:
            return Pin(record.name, record.version, record.uri, record.sha256, record.alias)
        except ValueError:
            return None

    def _path(self, name: str, alias: str) -> Path:
        key = hashlib.sha256(f"{name}\0{alias}".encode()).hexdigest()[:16]
        return self._folder / f"{_PREFIX}{key}.json"


def remembered_digests(folder: Path) -> set[str]:
    """Return the digests that servers of this folder would start from; forget the oldest pins."""
    paths = sorted(folder.glob(f"{_PREFIX}*.json"), key=written_at, reverse=True)
    for path in paths[_MOST_PINS:]:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    records = (_read(path) for path in paths[:_MOST_PINS])
    return {record.sha256 for record in records if record is not None}


def _read(path: Path) -> _Record | None:
    try:
        return _Record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        _log.warning("a remembered version cannot be read", extra={"error": str(error)})
        return None
