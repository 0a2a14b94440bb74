"""Keeps Envoy at the wanted routes: writes them, reads back what runs, repairs what was edited."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

from weighbridge_ingress._errors import AdminError
from weighbridge_ingress._routes import render_routes, route_configuration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weighbridge_ingress._admin import EnvoyAdmin, LiveRoutes
    from weighbridge_ingress._routes_file import RoutesFile
    from weighbridge_ingress._traffic import Traffic

_LOG = logging.getLogger(__name__)
_HEAD = "# Written by the agent from the traffic file; an edit here is put right within a second.\n"

# Envoy takes a new file within 10 ms. If it has not after this time it missed or refused it.
_TAKE_S = 1.0


class Keeper:
    """The only writer of the routes file."""

    def __init__(
        self, template: Mapping[str, Any], routes_file: RoutesFile, admin: EnvoyAdmin
    ) -> None:
        self._template = template
        self._file = routes_file
        self._admin = admin
        self._traffic: Traffic | None = None
        self._text = ""
        self._config: dict[str, Any] = {}
        self._written_at: float | None = None
        self._rejected: int | None = None
        self._complaint: str | None = None
        self.settled = False
        self.repairs = 0

    @property
    def written(self) -> bool:
        """Whether the file on disk has been what is wanted."""
        return self._written_at is not None

    @property
    def settling(self) -> bool:
        """Whether Envoy may be about to take a new file."""
        if self.settled or self._complaint or self._written_at is None:
            return False
        return time.monotonic() - self._written_at < _TAKE_S

    def want(self, traffic: Traffic) -> None:
        """Set the traffic to keep; a new one is written at the next `hold`."""
        if traffic == self._traffic:
            return
        document = render_routes(self._template, traffic)
        self._traffic = traffic
        self._config = route_configuration(document)
        # JSON is YAML too, and is written in 1 ms; the YAML library takes 25 of a change's way.
        self._text = f"{_HEAD}{json.dumps(document, indent=1, ensure_ascii=False)}\n"
        self._written_at = None
        self._complaint = None
        self.settled = False

    def hold(self) -> None:
        """Make the file on disk say what is wanted."""
        if self._file.read() == self._text:
            if self._written_at is None:  # by an agent before this one; Envoy may have missed it
                self._written_at = time.monotonic()
            return
        if self._written_at is not None:
            self._repair("the routes file was edited")
        self._write()

    def confirm(self, live: LiveRoutes | None) -> None:
        """Compare what Envoy runs with what is wanted. Raises AdminError while it will not obey."""
        if self._rejected is None:  # what Envoy refused before is not this file
            self._rejected = self._admin.rejected_updates()
        if live is not None and live.config == self._config:
            self.settled = True
            self._complaint = None
            return
        if self.settled:
            self._repair("Envoy ran other routes than the file says")
            self._write()
        elif self._written_at is not None and time.monotonic() - self._written_at > _TAKE_S:
            self._complaint = self._diagnose(live)
            self._write()
        if self._complaint:
            raise AdminError(self._complaint)

    def lost_sight(self) -> None:
        """Note that Envoy cannot be asked: it may come back with anything, and needs its time."""
        self.settled = False
        self._rejected = None
        if self._written_at is not None:
            self._written_at = time.monotonic()

    def _repair(self, what: str) -> None:
        self.repairs += 1
        _LOG.warning("%s; put right, repair %d", what, self.repairs)

    def _write(self) -> None:
        self.settled = False
        self._file.write(self._text)
        self._written_at = time.monotonic()

    def _diagnose(self, live: LiveRoutes | None) -> str:
        before, self._rejected = self._rejected, self._admin.rejected_updates()
        if before is not None and self._rejected > before:
            return "Envoy refuses the routes and keeps the ones before; its log tells why"
        if live is None:
            return f"Envoy has loaded no routes; does it watch {self._file.path}?"
        place = first_difference(self._config, live.config)
        return f"Envoy does not run the routes as {self._file.path} says; they differ at {place}"


def first_difference(wanted: object, live: object, path: str = "routes") -> str:
    """Name the first place at which two configurations differ."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        for key in sorted(wanted.keys() | live.keys()):
            if wanted.get(key) != live.get(key):
                return first_difference(wanted.get(key), live.get(key), f"{path}.{key}")
    if isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        for index, (left, right) in enumerate(zip(wanted, live, strict=True)):
            if left != right:
                return first_difference(left, right, f"{path}[{index}]")
    return path
