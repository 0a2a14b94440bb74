"""Looking at the source beside the agent's loop: a slow Git host must not hold up the keeping."""

from __future__ import annotations

import logging
import time
from threading import Event, Thread
from typing import TYPE_CHECKING

from weighbridge_ingress._errors import IngressError

if TYPE_CHECKING:
    from weighbridge_ingress._follower import Followed, Follower

_LOG = logging.getLogger(__name__)
_SLOW_S = 2.0
_FIRST_LOOK_S = 2.0


class Watch:
    """Follows the source in a thread of its own and wakes the agent when it moved.

    It looks once in each interval, and at once when the source itself sets `wake`.
    """

    def __init__(self, follower: Follower, interval_s: float, wake: Event) -> None:
        self._follower = follower
        self._interval_s = interval_s
        self._wake = wake
        self._stopped = False
        self._looked = Event()
        self._fault: str | None = None
        self._began: float | None = None
        self.moved = Event()

    @property
    def followed(self) -> Followed:
        """The newest word of the source."""
        return self._follower.followed

    @property
    def fault(self) -> str | None:
        """Why the source cannot be followed now."""
        began = self._began
        if self._fault or began is None or time.monotonic() - began < _SLOW_S:
            return self._fault
        return f"{self._follower.source_name} is slow: no answer for more than {_SLOW_S:.0f} s"

    def start(self) -> None:
        """Begin, and give the first look a moment: its state is better than none."""
        Thread(target=self._run, name="watch", daemon=True).start()
        self._looked.wait(_FIRST_LOOK_S)

    def stop(self) -> None:
        """End after the look that is under way, without waiting for it."""
        self._stopped = True
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.clear()  # before the look: what moves during it is looked at again
            if self._stopped:
                return
            self._began = time.monotonic()
            try:
                moved = self._follower.look()
                self._fault = self._follower.fault
                if moved:
                    self.moved.set()
            except (IngressError, OSError) as error:
                self._fault = str(error)
            except Exception as error:  # the thread must not end unseen: the report tells it
                _LOG.exception("the source cannot be followed")
                self._fault = f"{self._follower.source_name} cannot be followed: {error!r}"
            self._began = None
            self._looked.set()
            self._wake.wait(self._interval_s)
