"""A cluster's API server, asked with the rights of whoever runs the command."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from weighbridge_rollout._errors import ClusterError, ForbiddenError
from weighbridge_rollout._kubeconfig import read_context

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx2
    from lightkube.config.kubeconfig import SingleConfig

_CONNECT_S = 3.0
ANSWER_S = 5.0
_MERGE = {"Content-Type": "application/merge-patch+json"}


class Refused(Exception):  # noqa: N818  an answer, not yet an error: callers know what it means
    """The API server answered with something else than success."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Cluster:
    """One API server; several threads may ask at once.

    Raw addresses rather than lightkube's typed client, which knows no pods/proxy: what is asked
    here are three addresses, and what is read of the answers a few keys.
    """

    def __init__(self, config: SingleConfig, http: httpx2.Client) -> None:
        self.name = f"context {config.context_name}"
        self._server = config.cluster.server
        self._http = http

    def get(
        self, path: str, query: Mapping[str, str] | None = None, timeout_s: float = ANSWER_S
    ) -> bytes:
        """Return an answer's body; Refused for another answer than success, else ClusterError."""
        return self._ask("GET", path, timeout_s, params=query)

    def get_object(
        self, path: str, query: Mapping[str, str] | None = None, *, right: str
    ) -> dict[str, Any] | None:
        """Return an object or a list, None if there is none; ForbiddenError names the right."""
        try:
            found: dict[str, Any] = json.loads(self.get(path, query))
        except Refused as refused:
            if refused.code == 404:
                return None
            raise self.error(refused, right) from refused
        except ValueError as error:
            raise ClusterError(f"{self.name}: {self._server} is no API server: {error}") from error
        return found

    def merge(self, path: str, change: Mapping[str, object], *, right: str) -> bool:
        """Change an object, False if there is none; ForbiddenError names the right."""
        body = json.dumps(change).encode()
        try:
            self._ask("PATCH", path, ANSWER_S, content=body, headers=_MERGE)
        except Refused as refused:
            if refused.code == 404:
                return False
            raise self.error(refused, right) from refused
        return True

    def error(self, refused: Refused, right: str) -> ClusterError:
        """Say what an answer means for one who needs this right."""
        match refused.code:
            case 401:
                return ClusterError(
                    f"{self.name}: {self._server} does not accept these credentials ({refused}): "
                    "log in again"
                )
            case 403:
                return ForbiddenError(
                    f"{self.name} does not allow it ({refused}): the right to {right} is missing"
                )
        said = f"{self.name}: {self._server} answers {refused.code}: {refused}"
        return ClusterError(said, may_pass=refused.code == 429 or refused.code >= 500)

    def _ask(self, method: str, path: str, timeout_s: float, **request: Any) -> bytes:
        import httpx2
        from lightkube.core.exceptions import ConfigError

        timeout = httpx2.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S))
        try:
            answer = self._http.request(method, path, timeout=timeout, **request)
        except httpx2.ReadTimeout as error:
            silence = f"{self._server} gave no answer within {timeout_s:g} s"
            raise ClusterError(f"{self.name}: {silence}", may_pass=True) from error
        except httpx2.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise ClusterError(
                f"{self.name}: {self._server} does not answer ({reason}): is the cluster up?",
                may_pass=True,
            ) from error
        except (ConfigError, OSError, ValueError, KeyError) as error:  # a login program's faults
            raise ClusterError(f"{self.name}: logging in failed: {error}") from error
        if answer.is_success:
            return answer.content
        raise Refused(answer.status_code, _message(answer))


@contextmanager
def open_cluster(context: str | None) -> Iterator[Cluster]:
    """Connect by a context of the kubeconfig; SettingsError if there is no such context."""
    # Here, not above: a fifth of a second that only clusters need.
    import httpx2
    from lightkube.config import client_adapter
    from lightkube.core.exceptions import ConfigError

    from weighbridge_rollout._login import Login

    config = read_context(context)
    try:
        how = client_adapter.ConnectionParams().httpx_params(config)
        if isinstance(how["auth"], client_adapter.ExecAuth) and config.user and config.user.exec:
            how["auth"] = Login(config.user.exec)
        http = httpx2.Client(**how)
    except (ConfigError, OSError, ValueError) as error:
        raise ClusterError(f"context {config.context_name} cannot be used: {error}") from error
    with http:
        yield Cluster(config, http)


def _message(answer: httpx2.Response) -> str:
    """Return the message of the API server's Status, else the beginning of what was sent."""
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return " ".join(answer.text.split())[:200] or answer.reason_phrase
