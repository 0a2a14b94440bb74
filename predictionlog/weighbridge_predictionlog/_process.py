"""How a process of this project begins: its settings, and one line per record on stderr."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pythonjsonlogger.json import JsonFormatter

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings

LogFormat = Literal["json", "text"]
S = TypeVar("S", bound="BaseSettings")

_log = logging.getLogger("weighbridge.settings")


def log_to_stderr(log_format: LogFormat) -> None:
    """Send our records of INFO and others' of WARNING to stderr, with what `extra` gave them."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = _TextFormatter if log_format == "text" else _RecordFormatter
    handler.setFormatter(formatter())
    handler.addFilter(_is_worth_a_line)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def read_settings(kind: type[S]) -> S:
    """Read a process's settings from the environment.

    SystemExit(2) after one line for each variable that is missing or wrong, without its value:
    it may be a secret. What a validator of the whole says stands as it is.
    """
    from pydantic import ValidationError

    try:
        return kind()
    except ValidationError as error:
        log_to_stderr("json")
        prefix = kind.model_config.get("env_prefix", "")
        for fault in error.errors(include_input=False, include_url=False):
            place = [_variable(name, prefix) for name in fault["loc"][:1]]
            _log.error(": ".join([*place, fault["msg"].removeprefix("Value error, ")]))
        raise SystemExit(2) from None


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or record.name.startswith("weighbridge")


def _variable(name: int | str, prefix: str) -> str:
    """Name the environment variable of a field, or of the alias a field has instead."""
    return str(name) if str(name).isupper() else f"{prefix}{name}".upper()


class _RecordFormatter(JsonFormatter):
    """One JSON object per line: at, level, logger, message, then the extras."""

    def __init__(self) -> None:
        super().__init__(rename_fields={"exc_info": "exception"}, json_ensure_ascii=False)

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data |= {"at": at, "level": record.levelname.lower(), "logger": record.name}
        super().add_fields(log_data, record, message_dict)


class _TextFormatter(_RecordFormatter):
    """The same for people: a sentence, then name=value."""

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        head = [str(log_data.pop(name)) for name in ("at", "level", "logger", "message")]
        trace = log_data.pop("exception", None)
        extras = [f"{name}={_quoted(value)}" for name, value in log_data.items()]
        return "\n".join(filter(None, [" ".join([*head, *extras]), trace]))


def _quoted(value: object) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)
