"""The agent: one loop that keeps the routes at what the source says and reports what Envoy runs."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING

from weighbridge_ingress._calls import CallCounter
from weighbridge_ingress._clock import now
from weighbridge_ingress._errors import IngressError
from weighbridge_ingress._report import Calls, Report, Running
from weighbridge_ingress._routes import LiveState, read_state

if TYPE_CHECKING:
    from collections.abc import Collection

    from weighbridge_ingress._admin import EnvoyAdmin, LiveRoutes
    from weighbridge_ingress._follower import Followed
    from weighbridge_ingress._keeper import Keeper
    from weighbridge_ingress._traffic import Traffic
    from weighbridge_ingress._watch import Watch

_LOG = logging.getLogger(__name__)
_HUNG_S = 5.0
# Envoy takes a new file within 10 ms: so soon after writing one it is asked again.
_SETTLING_S = 0.02


class Agent:
    """Ties the parts together. Only its own loop changes it; reports are read from any thread."""

    def __init__(
        self,
        name: str,
        watch: Watch,
        keeper: Keeper,
        admin: EnvoyAdmin,
        fallback: Traffic,
        versions: Collection[str],
    ) -> None:
        self._name = name
        self._watch = watch
        self._keeper = keeper
        self._admin = admin
        self._fallback = fallback
        self._versions = versions
        self._running: Running | None = None
        self._state: LiveState | None = None
        self._since: str | None = None
        self._counter = CallCounter()
        self._calls_since: str | None = None
        self._last_errors: tuple[str, ...] = ()
        self._stopped = False
        self._beat: float | None = None
        self._report = self._make_report(watch.followed, ())

    @property
    def report(self) -> Report:
        """The newest report."""
        return self._report

    @property
    def ailment(self) -> str | None:
        """Why it is not at work: no routes file yet, or the loop hangs. An Envoy away is no reason.

        Envoy ends without a routes file, so who starts both waits for None here.
        """
        beat = self._beat
        if beat is None:
            return "no routes file has been written yet; /report tells why"
        hangs = time.monotonic() - beat > _HUNG_S
        return f"the loop hangs for more than {_HUNG_S:.0f} s" if hangs else None

    def run(self, interval_s: float) -> None:
        """Work until told to stop: once in each interval, and at once when the source moved."""
        self._watch.start()
        while not self._stopped:
            self._watch.moved.clear()
            self.step()
            settling = self._running is not None and self._keeper.settling
            self._watch.moved.wait(_SETTLING_S if settling else interval_s)
        self._watch.stop()

    def stop(self) -> None:
        """End the run within an interval; for a signal's handler, so it takes no lock."""
        self._stopped = True

    def step(self) -> None:
        """Look once at the file and at Envoy. A fault in one leaves the other at work."""
        followed = self._watch.followed
        errors = [fault] if (fault := self._watch.fault) else []
        for part in (partial(self._keep, followed), self._observe):
            try:
                part()
            except (IngressError, OSError) as error:
                errors.append(str(error))
        self._tell(tuple(errors))
        self._report = self._make_report(followed, tuple(errors))
        if self._beat is not None or self._keeper.written:
            self._beat = time.monotonic()

    def _keep(self, followed: Followed) -> None:
        self._keeper.want(followed.traffic or self._without_any_good_state(followed))
        self._keeper.hold()

    def _without_any_good_state(self, followed: Followed) -> Traffic:
        return self._fallback.all_on(followed.refused_stable or self._fallback.stable)

    def _observe(self) -> None:
        try:
            live = self._admin.routes()
            counters = self._admin.routed_calls(self._versions)
        except IngressError:
            self._running = None
            self._keeper.lost_sight()
            raise
        self._note(live, counters)
        self._keeper.confirm(live)

    def _note(self, live: LiveRoutes | None, counters: dict[str, int]) -> None:
        state = read_state(live.config) if live else None
        if live is None or state is None:
            self._running = None
        elif state == self._state and self._since is not None:
            self._running = Running(state.revision, state.weights, self._since, state.shadow)
            self._counter.update(counters)
        else:
            self._state, self._since = state, live.last_updated or now()
            self._running = Running(state.revision, state.weights, self._since, state.shadow)
            self._counter.restart(counters)
            self._calls_since = now()

    def _tell(self, errors: tuple[str, ...]) -> None:
        if errors != self._last_errors:
            for error in errors:
                _LOG.error(error)
            if not errors:
                _LOG.info("all is well again")
            self._last_errors = errors

    def _make_report(self, followed: Followed, errors: tuple[str, ...]) -> Report:
        wanted, running = followed.wanted, self._running
        return Report(
            agent=self._name,
            at=now(),
            wanted=wanted,
            running=running,
            in_step=bool(
                wanted and running and self._keeper.settled and wanted.revision == running.revision
            ),
            refused=followed.refused,
            error="; ".join(errors) or None,
            repairs=self._keeper.repairs,
            calls=Calls(self._calls_since, self._counter.gained) if self._calls_since else None,
            known_versions=tuple(self._versions),
        )
