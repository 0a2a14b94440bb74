"""Keeps what cannot go into the table, with the reason."""

import base64
import os
from datetime import UTC, datetime
from pathlib import Path

import orjson

from weighbridge_predictionlog._files import FOLDER_MODE, open_private
from weighbridge_predictionlog.spool import Segment


def set_aside(segment: Segment, content: bytes, reason: str) -> Path:
    """Append the content to `rejected/<segment>.jsonl` of its spool, on disk when it returns.

    A shipper killed right after may write the same line again.
    """
    folder = segment.path.parent / "rejected"
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    path = folder / f"{segment.path.stem}.jsonl"
    line = {"at": datetime.now(UTC), "reason": reason, **_readable(content)}
    with os.fdopen(open_private(path, os.O_WRONLY | os.O_APPEND), "ab") as file:
        file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        file.flush()
        os.fsync(file.fileno())
    return path


def _readable(content: bytes) -> dict[str, str]:
    try:
        return {"row": content.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
