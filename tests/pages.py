"""Pages of documentation that tests follow word for word."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """One fenced block that a reader acts on: a file to save, or commands to type."""

    text: str
    file: str | None
    """The name under which it is to be saved; None for commands."""


def steps(page: Path) -> dict[str, list[Step]]:
    """Return the blocks of a page under each of its headings.

    A block of a language is a file, named by the code that ends the paragraph before; a block of
    none is typed into a shell.
    """
    found: dict[str, list[Step]] = {}
    for part in re.split(r"^## ", page.read_text(), flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        blocks = re.finditer(
            r"(?:`([\w./-]+)`:\n)?^```(\w*)\n(.*?)^```$", body, re.DOTALL | re.MULTILINE
        )
        found[heading] = []
        for name, language, text in (block.groups() for block in blocks):
            assert bool(name) == bool(language), f"{page.name}, {heading}: a file needs its name"
            found[heading].append(Step(text, name))
    return found


def commands_after(page: Path, title: str) -> list[str]:
    """Return the lines of the first block of commands after a paragraph that begins so."""
    found = re.search(
        rf"^\**{re.escape(title)}.*?\n```\n(.*?)```", page.read_text(), re.DOTALL | re.MULTILINE
    )
    assert found, f"{page} has no recipe {title}"
    return found.group(1).splitlines()
