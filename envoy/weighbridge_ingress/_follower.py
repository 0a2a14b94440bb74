"""From the source to the wanted traffic: the newest good state, and what was refused."""

from __future__ import annotations

import logging
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from weighbridge_ingress._clock import now
from weighbridge_ingress._errors import Problem, TrafficError
from weighbridge_ingress._report import Refused, Wanted
from weighbridge_ingress._traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Collection

    from weighbridge_ingress._source import Snapshot, Source

_LOG = logging.getLogger(__name__)


class Follower:
    """Holds the last acceptable traffic. A state that cannot be accepted changes nothing."""

    def __init__(
        self, source: Source, known_versions: Collection[str], path: str, last_good: Traffic | None
    ) -> None:
        self._source = source
        self._known = known_versions
        self._path = path
        self._seen: str | None = None
        self.traffic = last_good
        self.wanted = _wanted(last_good, "") if last_good else None
        self.refused: Refused | None = None

    def follow(self) -> None:
        """Look at the source once. Raises SourceError and keeps what was."""
        snapshot = self._source.read()
        if snapshot.source == self._seen:
            return
        self._seen = snapshot.source
        try:
            traffic = self._parse(snapshot)
        except TrafficError as error:
            self.refused = Refused(snapshot.source, now(), tuple(map(str, error.problems)))
            _LOG.warning("refused %s: %s", snapshot.source, error)
            return
        self.refused = None
        # A commit that leaves the traffic as it was does not make the state younger.
        seen_at = self.wanted.seen_at if self.wanted and traffic == self.traffic else now()
        self.traffic, self.wanted = traffic, _wanted(traffic, snapshot.source, seen_at)
        _LOG.info("accepted %s: revision %s", snapshot.source, traffic.revision)

    def _parse(self, snapshot: Snapshot) -> Traffic:
        name = PurePosixPath(self._path).name
        if snapshot.text is None:
            raise TrafficError((Problem(name, 1, "missing-file", f"there is no {self._path}"),))
        return Traffic.parse(snapshot.text, self._known, name)


def _wanted(traffic: Traffic, source: str, seen_at: str | None = None) -> Wanted:
    return Wanted(traffic.revision, source, dict(traffic.data), seen_at or now())
