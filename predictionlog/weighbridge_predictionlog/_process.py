"""How a process of this project begins: its settings, and one line per record on stderr."""

import json
import logging
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from difflib import get_close_matches
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


def read_settings(kind: type[S], *, strict: bool = False) -> S:
    """Read a process's settings from the environment.

    SystemExit(2) after one line for each variable that is missing or wrong, without its value:
    it may be a secret. What a validator of the whole says stands as it is. `strict` also refuses
    variables with our prefix that are no setting of this process: mostly a slip of the pen.
    """
    from pydantic import ValidationError

    unknown = [*_unknown(variables_of(kind), _prefix(kind))] if strict else []
    settings: S | None = None
    faults: list[str] = []
    try:
        settings = kind()
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            place = [_variable(name, _prefix(kind)) for name in fault["loc"][:1]]
            faults.append(": ".join([*place, fault["msg"].removeprefix("Value error, ")]))
    if settings is not None and not unknown:
        return settings
    log_to_stderr("json")
    for line in (*faults, *unknown):
        _log.error(line)
    raise SystemExit(2)


def variables_of(kind: "type[BaseSettings]") -> dict[str, str]:
    """Return the environment variable of each field, by the field's name."""
    return {
        name: _variable(str(field.validation_alias or name), _prefix(kind))
        for name, field in kind.model_fields.items()
    }


def _prefix(kind: "type[BaseSettings]") -> str:
    return kind.model_config.get("env_prefix", "")


def _unknown(known: dict[str, str], prefix: str) -> Iterator[str]:
    """Say of each variable with the prefix that nobody reads what it may have meant."""
    for name in sorted(os.environ):
        read_as = name.upper()  # pydantic looks for names in either case
        if read_as.startswith(prefix) and read_as not in known.values():
            near = get_close_matches(read_as, known.values(), n=1, cutoff=0.8)
            hint = f"did you mean {near[0]}?" if near else "unset it"
            yield f"{name}: no setting of this program has this name; {hint}"


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
