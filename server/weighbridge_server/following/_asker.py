"""Ask the registry, and wait no longer than one wants to."""

from concurrent.futures import Future
from functools import partial

from weighbridge_server._beside import start_beside
from weighbridge_server.models import Alias, Pin, RegistryUnreachableError, resolve_alias


class Asker:
    """Asks on a thread of its own: finding a host's address, for one, cannot be given a limit.

    One question at a time: while a registry hangs, the same question is waited for again, and
    what it found in between is an answer too. A failure that nobody waited for is none.
    """

    def __init__(self) -> None:
        self._asked: Alias | None = None
        self._answer: Future[Pin] | None = None

    def ask(self, alias: Alias, limit_s: float) -> Pin:
        """Return what the alias names. Raises RegistryUnreachableError or UnresolvedAliasError."""
        if self._asked != alias or self._answer is None or _has_failed(self._answer):
            self._asked = alias
            self._answer = start_beside(partial(resolve_alias, alias), "registry")
        try:
            pin = self._answer.result(limit_s)
        except TimeoutError:
            raise RegistryUnreachableError(
                f"MLflow at {alias.tracking_uri} did not answer within {limit_s:g} s; "
                "look into its log, or correct MLFLOW_TRACKING_URI"
            ) from None
        self._answer = None
        return pin


def _has_failed(answer: Future[Pin]) -> bool:
    return answer.done() and answer.exception() is not None
