"""Run git, and turn its refusals into errors that say what to do."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from weighbridge_rollout._errors import (
    AccessDeniedError,
    GitError,
    RepositoryMissingError,
    RolloutError,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_TIMEOUT_S = 120.0
_CREDENTIALS = re.compile(r"://[^/@\s]+@")

# A git that was started by a hook or inside a work tree must not leak that repository into ours.
_FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")


class _Rule(NamedTuple):
    phrases: tuple[str, ...]
    error: type[GitError]
    advice: str


# Git has one exit code for everything; its (untranslated) words are the only way to tell causes.
_RULES = (
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
        "check WEIGHBRIDGE_TRAFFIC_BRANCH",
    ),
    _Rule(
        ("does not appear to be a git repository", "does not exist", "ot found", "No such file"),
        RepositoryMissingError,
        "check WEIGHBRIDGE_TRAFFIC_REPO; `make up` makes the local one",
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
    stdin: bytes | None = None,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run one git command and return it, whatever its exit code."""
    environ = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    environ |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **(variables or {})}
    place: Sequence[str] = () if folder is None else ("-C", str(folder))
    try:
        return subprocess.run(
            ("git", *place, *arguments),
            input=b"" if stdin is None else stdin,
            capture_output=True,
            env=environ,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError:
        raise RolloutError("git is not installed: apt install git, or brew install git") from None
    except subprocess.TimeoutExpired:
        raise UnreachableError(
            f"git {arguments[0]} gave no answer within {_TIMEOUT_S:.0f} s: check the network"
        ) from None


def without_credentials(text: str) -> str:
    """Take user and password out of every URL in a text."""
    return _CREDENTIALS.sub("://", text)


def git_error(repository: str, action: str, stderr: bytes) -> GitError:
    """Say in one sentence why git could not do `action` with the repository."""
    words = without_credentials(stderr.decode(errors="replace").strip())
    repository = without_credentials(repository)
    for rule in _RULES:
        if any(phrase in words for phrase in rule.phrases):
            advice = rule.advice.format(repository=repository)
            return rule.error(f"cannot {action} {repository}: {_gist(words)}; {advice}")
    return GitError(f"cannot {action} {repository}: {_gist(words)}")


def _gist(words: str) -> str:
    """Pick the line that tells the cause out of git's chatter."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "remote:", "error:", "ssh:"))]
    line = (telling or lines or ["git gave no reason"])[0]
    return line.removeprefix("fatal: ").removeprefix("error: ").rstrip(".")
