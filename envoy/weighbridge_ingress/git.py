"""Run git without an environment of others, and without a secret on a command line or in a word.

Public, since the agent and those who commit for it (rollout) ask the same repository.
"""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from weighbridge_ingress._errors import IngressError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "GitFailed",
    "GitTimedOut",
    "environment",
    "remote_config",
    "run_git",
    "said",
    "without_credentials",
]

_CREDENTIALS = re.compile(r"://[^/\s]*@")
_END_S = 2.0  # for git to take its lock files away

# A git that was started by a hook or inside a work tree must not leak that repository into ours.
_FOREIGN = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
)


class GitFailed(IngressError):  # noqa: N818  named after what happened, as its subclass is
    """Git could not be run to its end; its refusals are exit codes, not this."""


class GitTimedOut(GitFailed):
    """Git gave no answer in time."""


def run_git(
    *arguments: str,
    folder: Path | None = None,
    stdin: bytes = b"",
    config: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    timeout_s: float = 120.0,
    own_group: bool = False,
) -> subprocess.CompletedProcess[bytes]:
    """Run one git command and return it, whatever its exit code. Raises GitFailed, GitTimedOut.

    With `own_group` a timeout ends also the helpers that git started, which would wait on for a
    silent host; but ssh can then ask for no passphrase at the terminal.
    """
    place = () if folder is None else ("-C", str(folder))
    command = ("git", *place, *arguments)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(config, variables),
            process_group=0 if own_group else None,
        )
    except FileNotFoundError:
        message = "git is not installed: apt install git, or brew install git"
        raise GitFailed(message) from None
    except OSError as error:
        raise GitFailed(f"git cannot be run: {error.strerror}") from None
    with process:
        try:
            out, err = process.communicate(stdin, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            _end(process, own_group)
            # Neither the arguments nor the cause may be shown: they may hold credentials.
            message = f"git {arguments[0]} gave no answer within {timeout_s:.0f} s"
            raise GitTimedOut(message) from None
        except BaseException:
            _end(process, own_group)
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def environment(
    config: Mapping[str, str] | None = None, variables: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Make git's environment: ours, no other repository's, in English, and never a prompt.

    `config` adds settings (`remote.x.url`) that no other user of the machine can read there.
    """
    environ = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    environ |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **(variables or {})}
    count = environ.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdecimal() else 0
    for index, (key, value) in enumerate((config or {}).items(), first):
        environ[f"GIT_CONFIG_KEY_{index}"] = key
        environ[f"GIT_CONFIG_VALUE_{index}"] = value
        environ["GIT_CONFIG_COUNT"] = str(index + 1)
    return environ


def remote_config(name: str, repository: str) -> dict[str, str]:
    """Describe a remote as `config`, its password as a header.

    Git hands a remote's URL to its helpers on their command lines; a header it keeps to itself.
    """
    parts = urlsplit(repository) if repository.startswith(("http://", "https://")) else None
    user, found, place = (parts.netloc if parts else "").rpartition("@")
    if parts is None or not found or ":" not in user:
        return {f"remote.{name}.url": repository}
    login = base64.b64encode(unquote(user).encode()).decode()
    return {
        f"remote.{name}.url": urlunsplit(parts._replace(netloc=place)),
        f"http.{parts.scheme}://{place}/.extraHeader": f"Authorization: Basic {login}",
    }


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return what git wrote to its standard error, without credentials."""
    return without_credentials(done.stderr.decode(errors="replace").strip())


def without_credentials(text: str) -> str:
    """Take user and password out of every URL in a text."""
    return _CREDENTIALS.sub("://", text)


def _end(process: subprocess.Popen[bytes], own_group: bool) -> None:
    if own_group:
        os.killpg(process.pid, signal.SIGTERM)
    else:
        process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
