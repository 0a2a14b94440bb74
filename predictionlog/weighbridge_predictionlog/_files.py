"""Files that hold personal inputs, or tell of them: for their owner and group alone."""

import os
from pathlib import Path

FOLDER_MODE = 0o750

_FILE_MODE = 0o640


def open_private(path: Path, flags: int) -> int:
    """Open a file, created with 0640 when it is not there; return its descriptor."""
    return os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)


def replace_private(path: Path, content: bytes) -> None:
    """Put the content in place of the file's old one, seen whole or not at all."""
    unnamed = path.with_suffix(".new")
    with os.fdopen(open_private(unnamed, os.O_WRONLY | os.O_TRUNC), "wb") as file:
        file.write(content)
    unnamed.replace(path)
