"""Log in by the program that a kubeconfig names."""

from __future__ import annotations

import json
import subprocess
from threading import Lock
from typing import TYPE_CHECKING

from lightkube.config.client_adapter import ExecAuth
from lightkube.core.exceptions import ConfigError

if TYPE_CHECKING:
    from collections.abc import Generator

    import httpx2
    from lightkube.config.models import UserExec

# A person may have to type or to click something.
_LOGIN_S = 60.0


class Login(ExecAuth):
    """As lightkube's, but with a limit, once for all threads, and what it says to people shown."""

    def __init__(self, program: UserExec) -> None:
        super().__init__(program)
        self._lock = Lock()
        self._bearer: str | None = None

    def sync_auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Log in before the first request, and again where the API server asks for it."""
        bearer = self._log_in(None)
        request.headers["Authorization"] = bearer
        answer = yield request
        if answer.status_code == 401:
            request.headers["Authorization"] = self._log_in(bearer)
            yield request

    def _log_in(self, refused: str | None) -> str:
        with self._lock:
            if self._bearer is None or self._bearer == refused:
                self._bearer = f"Bearer {self._run()}"
            return self._bearer

    def _run(self) -> str:
        command, variables = self._prepare()
        try:
            done = subprocess.run(
                command, env=variables, stdout=subprocess.PIPE, timeout=_LOGIN_S, check=False
            )
        except subprocess.TimeoutExpired:  # whose own text would tell the arguments
            raise ConfigError(f"{command[0]} took longer than {_LOGIN_S:g} s") from None
        if done.returncode:
            raise ConfigError(f"{command[0]} returned {done.returncode}")
        return str(json.loads(done.stdout)["status"]["token"])
