"""Turn git's refusals into errors that say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from weighbridge_ingress import git
from weighbridge_ingress.git import without_credentials
from weighbridge_rollout._errors import (
    AccessDeniedError,
    GitError,
    RepositoryMissingError,
    UnreachableError,
)

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

    from weighbridge_rollout._environment import Environment

TIMEOUT_S = 120.0


class _Rule(NamedTuple):
    phrases: tuple[str, ...]
    error: type[GitError]
    advice: str


# Git has one exit code for everything; its (untranslated) words are the only way to tell causes.
_RULES = (
    _Rule(
        (".lock': File exists",),
        GitError,
        "a git that died left it behind: if none is at work there, remove that file",
    ),
    _Rule(
        ("dubious ownership",),
        AccessDeniedError,
        "it belongs to another user; if you trust it: "
        "git config --global --add safe.directory {repository}",
    ),
    _Rule(
        ("Permission denied", "Authentication failed", "could not read Username", "error: 403"),
        AccessDeniedError,
        "check your credentials and your rights on it",
    ),
    _Rule(
        ("insufficient permission", "unable to create temporary object", "Read-only file system"),
        AccessDeniedError,
        "you may read it but not write to it",
    ),
    _Rule(
        ("hook declined", "protected branch", "GH006", "GitLab: "),
        AccessDeniedError,
        "its rules refuse a direct push to this branch",
    ),
    _Rule(
        ("Could not resolve host", "Connection refused", "timed out", "Network is unreachable"),
        UnreachableError,
        "check the network, then try again",
    ),
    _Rule(
        ("not found in upstream",),
        RepositoryMissingError,
        "check {branch_setting}",
    ),
    _Rule(
        ("does not appear to be a git repository", "does not exist", "ot found", "No such file"),
        RepositoryMissingError,
        "check {repository_setting}; `make up` makes the local one",
    ),
    _Rule(
        ("unable to access", "Could not read from remote", "early EOF", "hung up unexpectedly"),
        UnreachableError,
        "check the address and the network, then try again",
    ),
)


def run_git(
    *arguments: str,
    folder: Path | None = None,
    stdin: bytes = b"",
    config: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> subprocess.CompletedProcess[bytes]:
    """Run one git command and return it, whatever its exit code; GitError if it cannot run."""
    try:
        return git.run_git(
            *arguments,
            folder=folder,
            stdin=stdin,
            config=config,
            variables=variables,
            timeout_s=timeout_s,
        )
    except git.GitTimedOut as error:
        raise UnreachableError(f"{error}: check the network") from None
    except git.GitFailed as error:
        raise GitError(str(error)) from None


def git_error(environment: Environment, action: str, stderr: bytes) -> GitError:
    """Say in one sentence why git could not do `action` with the environment's repository."""
    words = without_credentials(stderr.decode(errors="replace").strip())
    repository = without_credentials(environment.repository)
    for rule in _RULES:
        if any(phrase in words for phrase in rule.phrases):
            advice = rule.advice.format(
                repository=repository,
                repository_setting=environment.setting("repository"),
                branch_setting=environment.setting("branch"),
            )
            return rule.error(f"cannot {action} {repository}: {_gist(words)}; {advice}")
    return GitError(f"cannot {action} {repository}: {_gist(words)}")


def _gist(words: str) -> str:
    """Pick the line that tells the cause out of git's chatter."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "remote:", "error:", "ssh:"))]
    line = (telling or lines or ["git gave no reason"])[0]
    return line.removeprefix("fatal: ").removeprefix("error: ").rstrip(".")
