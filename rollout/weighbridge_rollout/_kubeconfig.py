"""Which cluster a context of the kubeconfig names."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from weighbridge_rollout._errors import SettingsError

if TYPE_CHECKING:
    from lightkube.config.kubeconfig import SingleConfig
    from lightkube.config.models import Cluster, Context, User

_DEFAULT = "~/.kube/config"


def read_context(name: str | None) -> SingleConfig:
    """Return a context; without a name the current one.

    KUBECONFIG may name several files, as kubectl takes them: for each name, and for the current
    context, the first file that has it counts. Where it is unset and no context is named, a pod
    takes its own service account. SettingsError if there is none.
    """
    if name is None and not os.environ.get("KUBECONFIG") and (own := _service_account()):
        return own
    known = _Known()
    for file in _files():
        try:
            known.add(file)
        # Whatever the readers of YAML and of types stumble over, it is this file.
        except Exception as error:
            raise SettingsError(f"the kubeconfig {file} cannot be read: {error!r}") from error
    return known.pick(name)


def _service_account() -> SingleConfig | None:
    from lightkube.config.kubeconfig import KubeConfig
    from lightkube.core.exceptions import ConfigError

    try:
        return KubeConfig.from_service_account().get()
    except (ConfigError, KeyError, OSError):  # not inside a pod
        return None


def _files() -> list[Path]:
    files = (Path(part).expanduser() for part in _place().split(os.pathsep) if part)
    return [file for file in files if file.is_file()]


def _place() -> str:
    return os.environ.get("KUBECONFIG") or _DEFAULT


@dataclass
class _Known:
    """What the files say together."""

    current: str | None = None
    clusters: dict[str, Cluster] = field(default_factory=dict)
    contexts: dict[str, Context] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)

    def add(self, file: Path) -> None:
        """Add what no earlier file says; its paths are made absolute, as they start at the file."""
        from lightkube.config.kubeconfig import to_mapping
        from lightkube.config.models import Cluster, Context, User

        text = file.read_text(encoding="utf-8")
        said: dict[str, Any] = YAML(typ="safe", pure=True).load(text) or {}
        clusters = to_mapping(said.get("clusters") or (), "cluster", Cluster)
        users = to_mapping(said.get("users") or (), "user", User)
        for cluster in clusters.values():
            cluster.certificate_auth = _absolute(file, cluster.certificate_auth)
        for user in users.values():
            user.client_cert = _absolute(file, user.client_cert)
            user.client_key = _absolute(file, user.client_key)
            user.token_file = _absolute(file, user.token_file)
        self.current = self.current or said.get("current-context")
        self.clusters = clusters | self.clusters
        self.contexts = to_mapping(said.get("contexts") or (), "context", Context) | self.contexts
        self.users = users | self.users

    def pick(self, name: str | None) -> SingleConfig:
        """Return one context; SettingsError says what it lacks."""
        from lightkube.config.kubeconfig import SingleConfig

        wanted = name or self.current
        if not wanted or wanted not in self.contexts:
            raise SettingsError(_missing(wanted, list(self.contexts)))
        context = self.contexts[wanted]
        if context.cluster not in self.clusters:
            raise _lacks(wanted, f"names cluster {context.cluster}, which is not there")
        if context.user is None:
            raise _lacks(wanted, "names no user")
        if context.user not in self.users:
            raise _lacks(wanted, f"names user {context.user}, who is not there")
        return SingleConfig(
            wanted, context, self.clusters[context.cluster], self.users[context.user]
        )


def _absolute(file: Path, path: str | None) -> str | None:
    return str(file.absolute().parent / path) if path else path


def _lacks(context: str, what: str) -> SettingsError:
    return SettingsError(f"the kubeconfig {_place()} does not do: context {context} {what}")


def _missing(name: str | None, known: list[str]) -> str:
    place = _place()
    if not known:
        return f"no cluster is known here: there is no kubeconfig at {place}; KUBECONFIG names one"
    if name is None:
        return f"the kubeconfig {place} has no current context: kubectl config use-context NAME"
    return f"the kubeconfig {place} has no context {name}; it has {', '.join(known)}"
