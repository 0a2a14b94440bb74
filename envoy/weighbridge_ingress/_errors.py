"""Everything that can go wrong between a traffic file and a running Envoy.

IngressError
├── TrafficError       a traffic file that cannot be accepted; carries its problems
├── TemplateError      routes.yaml or bootstrap.yaml lacks what the agent must set
├── SettingsError      environment variables of the agent that are missing or wrong
├── SourceError        the traffic file cannot be read where it lives (Git, a mount)
├── AdminError         Envoy's admin does not answer, or not as expected
├── ReportError        an agent's report cannot be fetched or read
├── TokenError         a signing key cannot be made or read
├── BinaryMissingError no Envoy program on this machine
└── git.GitFailed      git could not be run to its end
"""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """One fault of one file, at the line (from 1) where a person has to look."""

    file: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.message}"


class IngressError(Exception):
    """Base of all errors of this package."""


class TrafficError(IngressError):
    """A traffic file that cannot be accepted; `problems` holds every reason."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


class TemplateError(IngressError):
    """routes.yaml or bootstrap.yaml lacks a part that has to be set."""


class SettingsError(IngressError):
    """Environment variables that are missing or wrong: one line for each, which names it."""


class SourceError(IngressError):
    """The place where the traffic file lives cannot be read now."""


class AdminError(IngressError):
    """Envoy's admin cannot be reached or answers something unknown."""


class ReportError(IngressError):
    """An agent's report cannot be fetched or read."""


class TokenError(IngressError):
    """A signing key cannot be made or read."""


class BinaryMissingError(IngressError):
    """There is no Envoy program on this machine."""
