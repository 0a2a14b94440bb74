"""What can be set, told from the settings class itself: for `--help` and for the README."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pydantic.fields import FieldInfo

from weighbridge_predictionlog import variables_of
from weighbridge_server.settings import Settings

NOTHING = "\N{EN DASH}"

_INDENT = " " * 4
_HEAD = """\
usage: python -m weighbridge_server [--help]

Serves one version of one model over gRPC until SIGTERM. All it is told is in its environment:
a pin (MODEL_VERSION, MODEL_URI, MODEL_SHA256) or an alias to follow (MODEL_ALIAS). The keys of
S3 are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION.
Exit codes: 0 stopped in order; 1 cannot serve, or stopped before all calls had ended or the last
rows were on the disk; 2 wrong settings; 128 + n ended by signal n before it served (SIGTERM: 143).
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable: its name, its default as one would write it, and what it means."""

    variable: str
    default: str
    meaning: str


def settings_told() -> Iterator[Setting]:
    """Yield every setting, in the order of the class."""
    variables = variables_of(Settings)
    for name, field in Settings.model_fields.items():
        meaning = " ".join((field.description or "").split())
        yield Setting(variables[name], _default(field), meaning)


def usage() -> str:
    """Return the text of `--help`."""
    parts = [_HEAD]
    for setting in settings_told():
        parts.append(f"{setting.variable} ({setting.default})")
        parts.append(
            textwrap.fill(setting.meaning, 96, initial_indent=_INDENT, subsequent_indent=_INDENT)
        )
    return "\n".join(parts)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default()
    if field.default_factory is not None:
        return str((field.examples or ["made at the start"])[0])
    if value is None:
        return NOTHING
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
