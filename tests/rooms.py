"""The rooms of the project: the members of its workspace."""

import tomllib
from pathlib import Path

_PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())

ROOMS: tuple[str, ...] = tuple(_PROJECT["tool"]["uv"]["workspace"]["members"])
