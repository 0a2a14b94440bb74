"""Writes the README's tables of settings and metrics from the code: `make generate` runs it.

    python -m weighbridge_server._readme server/README.md

Each table stands between <!-- name: generated --> and <!-- end -->; a test compares them.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from weighbridge_server._usage import NOTHING, settings_told
from weighbridge_server.metrics import FAMILIES

_BLOCK = "<!-- {}: generated -->\n"
_END = "<!-- end -->"


def rewritten(text: str) -> str:
    """Return the README's text with its tables as they should be."""
    for name, table in (("settings", _settings()), ("metrics", _metrics())):
        head, _, rest = text.partition(_BLOCK.format(name))
        _, end, tail = rest.partition(_END)
        if not end:
            raise ValueError(f"the README has no place for the table of {name}")
        text = "".join((head, _BLOCK.format(name), *(f"{line}\n" for line in table), end, tail))
    return text


def _settings() -> Iterator[str]:
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for setting in settings_told():
        default = NOTHING if setting.default == NOTHING else f"`{setting.default}`"
        yield f"| `{setting.variable}` | {default} | {setting.meaning} |"


def _metrics() -> Iterator[str]:
    yield "| metric | type | labels | meaning |"
    yield "|---|---|---|---|"
    for family in FAMILIES:
        labels = ", ".join(f"`{label}`" for label in family.labels) or NOTHING
        yield f"| `{family.name}` | {family.kind} | {labels} | {family.meaning} |"


if __name__ == "__main__":
    readme = Path(sys.argv[1])
    readme.write_text(rewritten(readme.read_text()))
