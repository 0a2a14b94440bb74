"""Read the commits that changed one file, with the file's content before and after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from weighbridge_rollout._commit import Commit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Fields end in NUL, which no commit message can hold; git's own raw lines follow the last one.
LOG_FORMAT = "--format=%x00" + "".join(
    f"%{field}%x00"
    for field in ("H", "an", "ae", "cI", "s", "b", "(trailers:only=true,unfold=true)")
)
_FIELDS = 8


@dataclass(frozen=True, slots=True)
class FileChange:
    """What one commit did to one file; blobs are Git's object ids, None where there is no file."""

    commit: Commit
    before: str | None
    after: str | None


def parse_log(output: bytes) -> Iterator[FileChange]:
    """Yield the records of a `git log --raw` in LOG_FORMAT, in its order."""
    tokens = output.decode(errors="replace").split("\0")[1:]
    for start in range(0, len(tokens) - _FIELDS + 1, _FIELDS):
        yield _change(tokens[start : start + _FIELDS])


def _change(fields: Sequence[str]) -> FileChange:
    sha, author, email, when, subject, body, trailers, raw = fields
    commit = Commit(
        sha=sha,
        author=author,
        email=email,
        when=datetime.fromisoformat(when),
        subject=subject,
        body=body.strip().removesuffix(trailers.strip()).strip(),
        trailers=_trailers(trailers),
    )
    # ":100644 100644 <blob> <blob> M\tpath"
    columns = raw.strip().split()
    before, after = columns[2:4] if len(columns) >= 4 else (None, None)
    return FileChange(commit, _blob(before), _blob(after))


def _trailers(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            found[key.strip()] = (*found.get(key.strip(), ()), value.strip())
    return found


def _blob(object_id: str | None) -> str | None:
    return None if object_id is None or set(object_id) == {"0"} else object_id
