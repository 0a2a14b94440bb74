"""Which environment is meant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge_rollout._environment import Environment
from weighbridge_rollout._errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_NAME = "environments.yaml"


@dataclass(frozen=True, slots=True)
class Choice:
    """The environment that is meant, and why it is this one."""

    environment: Environment
    reason: str
    """What chose it: an option, a variable, or that nothing did."""
    file: Path | None
    """The environments.yaml that was found, also if it was not asked."""
    known: tuple[str, ...]
    """The names in that file."""


def choose_environment(
    variables: Mapping[str, str], name: str | None = None, folder: Path | None = None
) -> Choice:
    """Return the environment of a name, else of WEIGHBRIDGE_ENVIRONMENT, else of the variables.

    Names are looked up in the file that WEIGHBRIDGE_ENVIRONMENTS names, else in the nearest
    environments.yaml from the folder (the working directory) upward. SettingsError if the name
    is not in it, or if it, or a variable, is missing or malformed.
    """
    start = folder or Path.cwd()
    file = find_file(variables, start)
    named = name or variables.get("WEIGHBRIDGE_ENVIRONMENT")
    if not named:
        reason = "the variables of `make up`, as no environment is named"
        return Choice(Environment.from_variables(variables), reason, file, ())
    if file is None:
        raise SettingsError(
            f"environment {named} is not known: there is no {FILE_NAME} in {start} or above it; "
            "work in a clone of the project, or name the file in WEIGHBRIDGE_ENVIRONMENTS"
        )
    # Here, not above: a fifth of a second that the variables alone do not need.
    from weighbridge_rollout._environments import EnvironmentsFile

    described = EnvironmentsFile(file)
    reason = "--environment" if name else "WEIGHBRIDGE_ENVIRONMENT"
    return Choice(described.environment(named, variables), reason, file, described.names)


def find_file(variables: Mapping[str, str], start: Path) -> Path | None:
    """Return the environments.yaml that counts; SettingsError if a named one is not there."""
    if named := variables.get("WEIGHBRIDGE_ENVIRONMENTS"):
        file = Path(named).expanduser()
        if not file.is_file():
            raise SettingsError(f"WEIGHBRIDGE_ENVIRONMENTS={named} is no file")
        return file
    candidates = (folder / FILE_NAME for folder in (start, *start.parents))
    return next((file for file in candidates if file.is_file()), None)
