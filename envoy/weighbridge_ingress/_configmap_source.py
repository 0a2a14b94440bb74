"""The traffic file as a ConfigMap of a Kubernetes cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightkube.config.kubeconfig import KubeConfig
from lightkube.core.exceptions import ConfigError

from weighbridge_ingress._configmap import configmap_text, read_mounted
from weighbridge_ingress._configmap_watch import ConfigMapWatch
from weighbridge_ingress._errors import SourceError
from weighbridge_ingress._source import Snapshot
from weighbridge_ingress._traffic import data_digest

if TYPE_CHECKING:
    from pathlib import Path
    from threading import Event

    from lightkube.config.kubeconfig import SingleConfig

# A mounted copy may be a minute old: an agent that restarts would take the newest change back for
# a moment. The API server answers in a tenth of this, and whoever waits for Envoy's start can.
_FIRST_WORD_S = 1.0


class ConfigMapSource:
    """Follows one ConfigMap: its mounted copy until the watch has spoken, from then on the watch.

    `wake` is set whenever the watch has heard of another state.
    """

    def __init__(self, configmap: str, mount: Path, wake: Event) -> None:
        config = _cluster()
        namespace, _, name = configmap.rpartition("/")
        namespace = namespace or config.namespace
        self.name = f"ConfigMap {namespace}/{name}"
        self.file = f"configmap/{namespace}/{name}"
        self.absent = f"there is no ConfigMap {name} in namespace {namespace}; was it deleted?"
        self._mount = mount
        self._watch = ConfigMapWatch(config, namespace, name, wake)
        self._started = False
        self._data: dict[str, str] | None = None
        self._text: str | None = None

    def read(self) -> Snapshot:
        """Tell the newest state known. Raises SourceError if there is not even a mounted one."""
        if not self._started:
            self._started = True
            self._watch.start()
            self._watch.spoke.wait(_FIRST_WORD_S)
        if seen := self._watch.seen:
            snapshot = Snapshot(f"{self.file}@{seen.version}", self._text_of(seen.data))
            meanwhile = "traffic stays as it is"
        else:
            snapshot = self._mounted()
            meanwhile = "its mounted copy counts meanwhile"
        fault = self._watch.fault
        return snapshot._replace(fault=fault and f"{fault}; {meanwhile}")

    def _mounted(self) -> Snapshot:
        try:
            data = read_mounted(self._mount)
        except SourceError as error:
            raise SourceError("; ".join(filter(None, (self._watch.fault, str(error))))) from error
        moment = f"mount-{data_digest(data)}" if data else "absent"
        return Snapshot(f"{self.file}@{moment}", self._text_of(data))

    def _text_of(self, data: dict[str, str] | None) -> str | None:
        if data != self._data:
            self._data = data
            self._text = None if data is None else configmap_text(data)
        return self._text


def _cluster() -> SingleConfig:
    """Find the API server: a pod's service account, else KUBECONFIG. Raises SourceError."""
    try:
        config = KubeConfig.from_env().get()
    except (ConfigError, KeyError, ValueError, OSError) as error:
        raise SourceError(
            f"the ConfigMap cannot be watched: no access to a cluster ({error}); a pod needs its "
            "service account's token (automountServiceAccountToken: true), others KUBECONFIG"
        ) from error
    if config is None or config.user is None:
        raise SourceError("the ConfigMap cannot be watched: KUBECONFIG names no context or no user")
    return config
