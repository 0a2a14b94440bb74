"""Reading YAML with the line of every key, and writing it as plain text."""

from __future__ import annotations

import json
import re
from io import StringIO
from typing import TYPE_CHECKING, Any

from weighbridge_ingress._errors import Problem, TemplateError

if TYPE_CHECKING:
    from pathlib import Path

    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

_TWICE = re.compile(r'found duplicate key "(.+?)"')


def load_with_lines(text: str, file: str) -> CommentedMap | Problem:
    """Parse one mapping whose nodes know their lines, or say why it is none."""
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        document = _yaml("rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        if twice := _TWICE.match(error.problem or ""):
            return Problem(file, line, "duplicate-key", f"{twice[1]} stands twice")
        reason = ": ".join(part for part in (error.context, error.problem) if part)
        return Problem(file, line, "yaml", f"cannot be read as YAML: {reason}")
    except Exception as error:  # whatever a text makes the parser trip over, the text is at fault
        reason = str(error) if isinstance(error, YAMLError | ValueError) else repr(error)
        return Problem(file, 1, "yaml", f"cannot be read as YAML: {reason}")
    if not isinstance(document, CommentedMap):
        return Problem(file, 1, "yaml", "must be a mapping of keys to values")
    return document


def line_of(node: Any, key: str) -> int | None:
    """Tell the line (from 1) of a key that stands in a mapping itself; a merged one does not."""
    lines = getattr(node, "lc", None)
    place = lines.data.get(key) if lines and lines.data else None
    return int(place[0]) + 1 if place else None


def load_plain(path: Path) -> dict[str, Any]:
    """Read a YAML file as plain, unshared dicts and lists. Raises TemplateError."""
    from ruamel.yaml.error import YAMLError

    try:
        document = _yaml("safe").load(path.read_text(encoding="utf-8"))
    except (OSError, YAMLError, ValueError) as error:
        raise TemplateError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise TemplateError(f"{path} must hold a mapping")
    plain: dict[str, Any] = json.loads(json.dumps(document))  # anchors become copies
    return plain


def dump(document: object) -> str:
    """Write plain dicts and lists as YAML in their own order."""
    yaml = _yaml("safe")
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # typed as None
    yaml.width = 1000
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def _yaml(kind: str) -> YAML:
    from ruamel.yaml import YAML

    return YAML(typ=kind, pure=True)
