"""One line per record on stderr."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

# What every record carries; the rest was given by `extra` and is worth a field.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "taskName"}


def log_to_stderr(style: Literal["json", "text"]) -> None:
    """Send all records of INFO and above to stderr in the given style."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if style == "json" else _TextFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
    }
    fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
    if record.exc_info:
        fields["exception"] = logging.Formatter().formatException(record.exc_info)
    return fields


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return orjson.dumps(_fields(record), default=str).decode()


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return " ".join(
            f"{name}={value if str(value).isalnum() else orjson.dumps(str(value)).decode()}"
            for name, value in _fields(record).items()
        )
