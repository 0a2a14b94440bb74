"""Which cluster a context of the kubeconfig names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge_rollout._errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lightkube.config.kubeconfig import KubeConfig, SingleConfig

_DEFAULT = "~/.kube/config"


def read_context(name: str | None) -> SingleConfig:
    """Return a context; without a name a pod's own service account, else the current context.

    KUBECONFIG may name several files, as kubectl takes them: the first that has the context counts.
    SettingsError if there is none.
    """
    from lightkube.config.kubeconfig import KubeConfig

    if name is None and (own := _service_account()):
        return own
    known: list[str] = []
    for file in _files():
        try:
            config = KubeConfig.from_file(file)
            known += config.contexts
            if found := _pick(config, name):
                return found
        # Whatever lightkube's readers of YAML and of types stumble over, it is this file.
        except Exception as error:
            raise SettingsError(f"the kubeconfig {file} cannot be read: {error!r}") from error
    raise SettingsError(_missing(name, known))


def _service_account() -> SingleConfig | None:
    from lightkube.config.kubeconfig import KubeConfig
    from lightkube.core.exceptions import ConfigError

    try:
        return KubeConfig.from_service_account().get()
    except (ConfigError, KeyError, OSError):  # not inside a pod
        return None


def _files() -> Iterator[Path]:
    named = os.environ.get("KUBECONFIG") or _DEFAULT
    files = (Path(part).expanduser() for part in named.split(os.pathsep) if part)
    return (file for file in files if file.is_file())


def _pick(config: KubeConfig, name: str | None) -> SingleConfig | None:
    wanted = name or config.current_context
    if not wanted or wanted not in config.contexts:
        return None
    found = config.get(wanted)
    if found is not None and found.user is None:
        raise ValueError(f"context {wanted} names no user")
    return found


def _missing(name: str | None, known: list[str]) -> str:
    place = os.environ.get("KUBECONFIG") or _DEFAULT
    if not known:
        return f"no cluster is known here: there is no kubeconfig at {place}; KUBECONFIG names one"
    if name is None:
        return f"the kubeconfig {place} has no current context: kubectl config use-context NAME"
    return f"the kubeconfig {place} has no context {name}; it has {', '.join(known)}"
