"""Counting calls since a moment, over restarts of the one who counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class CallCounter:
    """Adds up what a set of ever growing counters gained since the last restart of the count."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._gained: dict[str, int] = {}

    @property
    def gained(self) -> dict[str, int]:
        """The calls per version since `restart`."""
        return dict(self._gained)

    def restart(self, counters: Mapping[str, int]) -> None:
        """Count from here."""
        self._last = dict(counters)
        self._gained = dict.fromkeys(counters, 0)

    def update(self, counters: Mapping[str, int]) -> None:
        """Take a new reading; a counter that fell was started anew by Envoy's restart."""
        for name, value in counters.items():
            last = self._last.get(name, 0)
            gain = value - last if value >= last else value
            self._gained[name] = self._gained.get(name, 0) + gain
            self._last[name] = value
