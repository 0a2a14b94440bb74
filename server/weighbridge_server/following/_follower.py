"""Keeps the slot on what the alias names; the model that serves stays until a better one is ready.

A look: what is to be followed ─► which version is that ─► another one? load it beside ─► swap.
"""

import logging
import threading
import time
import weakref
from collections.abc import Callable
from typing import Final

from weighbridge_server.following._asker import Asker
from weighbridge_server.following._errors import NothingToServeError
from weighbridge_server.following._trouble import Trouble
from weighbridge_server.following._watched import AliasSource, WatchedAlias
from weighbridge_server.inference import Serving, Slot
from weighbridge_server.metrics import Metrics
from weighbridge_server.models import Alias, ModelError, Pin, PinMemory

_log = logging.getLogger(__name__)

# More than the ten seconds in which the question itself gives up: a slow registry is no failing
# one.
_ANSWER_LIMIT_S: Final = 12.0
# A registry that has just started takes its time, and a start has nothing to fall back on.
_FIRST_ANSWER_LIMIT_S: Final = 15.0
# A start that has something to serve asks only for as long as nobody minds.
_START_LIMIT_S: Final = 0.3


class Follower:
    """Follows one source: `load_first`, then `start`. It never delays a call or the stop."""

    def __init__(
        self,
        source: AliasSource,
        prepare: Callable[[Pin], Serving],
        memory: PinMemory,
        metrics: Metrics,
        *,
        poll_s: float,
    ) -> None:
        self._watched = WatchedAlias(source)
        self._prepare = prepare
        self._memory = memory
        self._metrics = metrics
        self._poll_s = poll_s
        self._on_swap: Callable[[], None] = lambda: None
        self._asker = Asker()
        self._stopped = threading.Event()
        self._swapping = threading.Lock()

    def load_first(self) -> Slot:
        """Return a slot with what the alias names, else with what served last for it.

        Raises ConfigurationError, the ModelError that says why what the alias names cannot be had,
        or NothingToServeError when what served last cannot either.
        """
        alias = self._watched.read_first()
        remembered = self._memory.recall(alias)
        wanted: Pin | None = None
        try:
            wanted = self._asker.ask(alias, _START_LIMIT_S if remembered else _FIRST_ANSWER_LIMIT_S)
            return self._hold(self._prepare(wanted))
        except Exception as error:  # whatever a new artefact does, a copy that served may again
            if remembered is None or remembered == wanted:
                raise
            return self._fall_back(remembered, alias, wanted, error)

    def start(self, on_swap: Callable[[], None]) -> None:
        """Begin to look, on a thread of its own; it calls `on_swap` after each change."""
        self._on_swap = on_swap
        threading.Thread(target=self._run, name="follower", daemon=True).start()

    def stop(self) -> None:
        """Change nothing from now on. What hangs is not waited for; the process ends without it."""
        with self._swapping:
            self._stopped.set()

    def _fall_back(
        self, remembered: Pin, alias: Alias, wanted: Pin | None, error: Exception
    ) -> Slot:
        """Serve what served last; where that cannot be had, ask the registry in earnest."""
        try:
            slot = self._hold(self._prepare(remembered))
        except Exception as again:
            nothing = NothingToServeError(
                f"{_told(error)}; and version {remembered.version}, which served last, "
                f"neither: {_told(again)}"
            )
            if wanted is not None:
                raise nothing from again
        else:
            self._trouble.note(wanted or alias, error)
            return slot
        _log.warning("waiting for the registry", extra={"reason": str(nothing)})
        try:
            return self._hold(self._prepare(self._asker.ask(alias, _FIRST_ANSWER_LIMIT_S)))
        except Exception as late:
            raise nothing from late

    def _hold(self, serving: Serving) -> Slot:
        self._slot = Slot(serving)
        self._trouble = Trouble(self._slot, self._metrics)
        self._memory.remember(serving.model.pin)
        return self._slot

    def _run(self) -> None:
        while not self._stopped.wait(self._trouble.wait_s(self._poll_s)):
            self._look()

    def _look(self) -> None:
        alias = self._watched.read()
        if not self._trouble.is_due(alias):
            return
        try:
            pin = self._asker.ask(alias, _ANSWER_LIMIT_S)
        except Exception as error:  # this thread must outlive whatever an answer holds
            self._trouble.note(alias, error)
            return
        self._trouble.answered(alias, pin)
        if pin == self._slot.current.model.pin:
            self._trouble.clear()
        elif self._trouble.is_due(pin):
            self._try(pin)

    def _try(self, pin: Pin) -> None:
        started = time.monotonic()
        try:
            serving = self._prepare(pin)
        except Exception as error:  # no artefact, however broken, may end this thread
            self._trouble.note(pin, error)
            return
        with self._swapping:
            if self._stopped.is_set():
                return
            old = self._slot.current
            self._slot.current = serving
            self._on_swap()
        self._tell(old, serving, time.monotonic() - started)
        self._trouble.clear()

    def _tell(self, before: Serving, serving: Serving, took_s: float) -> None:
        old, new = before.model.pin, serving.model.pin
        _tell_release(before)
        self._metrics.loaded(serving.model)
        self._memory.remember(new)
        _log.info(
            "model swapped",
            extra={
                "model": new.name,
                "alias": new.alias,
                "from_version": old.version,
                "from_digest": old.digest,
                "to_version": new.version,
                "to_digest": new.digest,
                "took_s": round(took_s, 3),
            },
        )


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, ModelError) else f"{type(error).__name__}: {error}"


def _tell_release(serving: Serving) -> None:
    """Log when the last call has let go of the graph: its memory is free from then on."""
    pin = serving.model.pin
    told = {"model": pin.name, "version": pin.version, "digest": pin.digest}
    last = weakref.finalize(serving.model.graph, _log.info, "model released", extra=told)
    last.atexit = False
