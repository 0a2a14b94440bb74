"""Watching one ConfigMap through the API server."""

from __future__ import annotations

import logging
import random
import time
from threading import Event, Thread
from typing import TYPE_CHECKING, NamedTuple

import httpx2
from lightkube import ApiError, Client
from lightkube.config.client_adapter import verify_cluster
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError
from lightkube.resources.core_v1 import ConfigMap

from weighbridge_ingress._clock import now

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

    from lightkube.config.kubeconfig import SingleConfig
    from lightkube.core.client import FieldSelector

_LOG = logging.getLogger(__name__)
_ANSWER_S = 5.0  # for a connection, and for an answer that is due at once
_WATCH_S = 20  # the API server ends a quiet watch after it, and the next begins
_SILENCE_S = 25.0  # longer than that without a byte: nobody is there any more
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_HELD_S = 12.0  # no refusal takes so long: what failed after it was a watch
_GONE = 410  # the history since the last version is no longer kept: list again


class Seen(NamedTuple):
    """The ConfigMap as the API server told it; None as data if there is none."""

    version: str
    data: dict[str, str] | None


class ConfigMapWatch:
    """Holds the newest state in a thread of its own; sets `moved` when there is another one.

    `spoke` is set once a watch was granted, from when on no change is missed.
    """

    def __init__(self, config: SingleConfig, namespace: str, name: str, moved: Event) -> None:
        self._config = config
        self._namespace = namespace
        self._name = name
        self._moved = moved
        self._pause_s = _FIRST_PAUSE_S
        self._lost: tuple[str, str] | None = None
        self.seen: Seen | None = None
        self.spoke = Event()

    @property
    def fault(self) -> str | None:
        """Since when and why nothing is heard of the ConfigMap, and what to do; None if it is."""
        if self._lost is None:
            return None
        since, why = self._lost
        return f"ConfigMap {self._namespace}/{self._name} is not watched since {since}: {why}"

    def start(self) -> None:
        """Begin; it goes on as long as the process."""
        self._lost = (now(), f"{self._config.cluster.server} has not answered yet")
        Thread(target=self._run, name="configmap", daemon=True).start()

    def _run(self) -> None:
        while True:
            began = time.monotonic()
            try:
                self._follow()
            except Exception as error:  # whatever it is, the next try may find it gone
                self._note(_answer_behind(error))
            if time.monotonic() - began > _HELD_S:
                self._pause_s = _FIRST_PAUSE_S
            # Jitter, so that the agents of all Envoys do not come back at the same moment.
            time.sleep(self._pause_s * random.uniform(0.5, 1))  # noqa: S311
            self._pause_s = min(_LONGEST_PAUSE_S, self._pause_s * 2)

    def _follow(self) -> None:
        """List, then watch from there, until something fails."""
        # A Role with resourceNames allows a list or a watch if it is narrowed to the name.
        fields: FieldSelector = {"metadata.name": self._name}
        with self._connect() as client:
            listed = client.list(ConfigMap, namespace=self._namespace, fields=fields)
            found = list(listed)
            self._hear(found[0] if found else None)
            events = client.watch(
                ConfigMap,
                namespace=self._namespace,
                fields=fields,
                resource_version=listed.resourceVersion,
                server_timeout=_WATCH_S,
            )
            for kind, configmap in events:
                self._pause_s = _FIRST_PAUSE_S
                self._hear(None if kind == "DELETED" else configmap)

    def _connect(self) -> Client:
        config = self._config
        trusted = verify_cluster(config.cluster, config.user or User(), config.abs_file)
        transport = _Impatient(trusted, self._granted)
        return Client(config, timeout=httpx2.Timeout(_ANSWER_S), transport=transport)

    def _hear(self, configmap: ConfigMap | None) -> None:
        if configmap is None:
            seen = Seen("absent", None)
        else:
            version = configmap.metadata and configmap.metadata.resourceVersion
            seen = Seen(version or "", dict(configmap.data or {}))
        if seen != self.seen:
            self.seen = seen
            self._moved.set()

    def _granted(self) -> None:
        """End the fault: a list that is answered is no watch yet, which may still be refused."""
        if self._lost is not None:
            self._lost = None
            self._moved.set()
        self.spoke.set()

    def _note(self, error: Exception) -> None:
        if _status(error) == _GONE:
            return
        since, before = self._lost or (now(), "")
        why = self._why(error)
        if why != before and not isinstance(error, httpx2.HTTPError | ConfigError | OSError):
            _LOG.error("the ConfigMap cannot be watched", exc_info=error)
        self._lost = (since, why)

    def _why(self, error: Exception) -> str:
        server = self._config.cluster.server
        reason = (str(error) or type(error).__name__).splitlines()[0]
        match _status(error):
            case 401:
                return f"{server} does not accept the token of this service account"
            case 403:
                return (
                    f"{server} forbids it ({reason}); give the service account a Role with get, "
                    f"list and watch on configmaps, resourceNames [{self._name}]"
                )
            case None:
                return (
                    f"{server} cannot be reached ({reason}); if it is up, look for a NetworkPolicy "
                    "that does not let the pod call it"
                )
            case code:
                return f"{server} answers {code} ({reason})"


class _Impatient(httpx2.HTTPTransport):
    """Tells when a watch is granted, and bounds its silence, for which lightkube has no limit."""

    def __init__(self, verify: SSLContext | str | bool, granted: Callable[[], None]) -> None:
        super().__init__(verify=verify)
        self._granted = granted

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        limits = request.extensions["timeout"]
        watching = limits["read"] is None
        if watching:
            limits["read"] = _SILENCE_S
        response = super().handle_request(request)
        if watching and response.is_success:
            self._granted()
        return response


def _answer_behind(error: Exception) -> Exception:
    """Take out an answer without a content type, as proxies give it: lightkube trips over it."""
    behind = error.__context__
    if isinstance(error, KeyError) and isinstance(behind, httpx2.HTTPStatusError):
        return behind
    return error


def _status(error: Exception) -> int | None:
    """Read the HTTP status that an error is about, None if it is about none."""
    if isinstance(error, ApiError):
        return error.status.code
    return error.response.status_code if isinstance(error, httpx2.HTTPStatusError) else None
