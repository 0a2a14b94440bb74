"""Where the stack is: environment variables, else the file that `make up` writes."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from weighbridge_cli._errors import CliError, MissingSettingError

_FILE = Path(".weighbridge", "env")


@dataclass(frozen=True)
class Variables(Mapping[str, str]):
    """The process's variables, laid over those of a file."""

    environ: Mapping[str, str]
    file: Path | None
    """None if there is none."""
    in_file: Mapping[str, str]

    @classmethod
    def load(cls) -> Variables:
        """Read this process's environment and the nearest file above the working directory."""
        file = _find(Path.cwd(), os.environ.get("WEIGHBRIDGE_HOME"))
        return cls(os.environ, file, _read(file) if file else {})

    def require(self, name: str, or_else: str = "") -> str:
        """Return a variable that must be there; MissingSettingError says how to get it.

        `or_else` is what a person could do without it.
        """
        value = self.get(name, "")
        if value:
            return value
        looked = f"{self.file} does not name it" if self.file else f"no {_FILE} above {Path.cwd()}"
        raise MissingSettingError(
            f"{name} is not set, and {looked}.\n"
            f"Start the stack with `make up` and run this inside its folder, or export {name}"
            f"{f', or {or_else}' if or_else else ''}."
        )

    def __getitem__(self, name: str) -> str:
        return self.environ[name] if name in self.environ else self.in_file[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self.in_file, **self.environ})

    def __len__(self) -> int:
        return len({**self.in_file, **self.environ})


def _find(start: Path, home: str | None) -> Path | None:
    if home:
        named = Path(home) / "env"
        return named if named.is_file() else None
    candidates = (folder / _FILE for folder in (start, *start.parents))
    return next((file for file in candidates if file.is_file()), None)


def _read(file: Path) -> dict[str, str]:
    """Read lines of the form `export NAME=value`, quoted as a shell would."""
    found: dict[str, str] = {}
    try:
        for line in file.read_text(encoding="utf-8").splitlines():
            words = [word for word in shlex.split(line, comments=True) if word != "export"]
            pairs = (word.partition("=") for word in words)
            found.update({name: value for name, equals, value in pairs if equals})
    except (OSError, ValueError) as error:
        raise CliError(f"{file} cannot be read ({error}); `make up` writes it again") from error
    return found
