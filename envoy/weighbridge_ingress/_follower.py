"""From the source to the wanted traffic: the newest good state, and what was refused."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from weighbridge_ingress._clock import now
from weighbridge_ingress._errors import Problem, TrafficError
from weighbridge_ingress._loose import stated_stable, traffic_digest
from weighbridge_ingress._report import Refused, Wanted
from weighbridge_ingress._traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Collection

    from weighbridge_ingress._source import Snapshot, Source

_LOG = logging.getLogger(__name__)


class Followed(NamedTuple):
    """What the source asks for, as one value that threads can hand over."""

    traffic: Traffic | None
    wanted: Wanted | None
    refused: Refused | None
    refused_stable: str | None = None
    """The known version that a refused state calls stable, for one who has no good state."""


class Follower:
    """Holds the last acceptable traffic. A state that cannot be accepted changes nothing."""

    def __init__(
        self, source: Source, known_versions: Collection[str], last_good: Traffic | None
    ) -> None:
        self.source_name = source.name
        self.fault: str | None = None
        self._source = source
        self._known = known_versions
        self._seen: str | None = None
        wanted = _wanted(last_good, "", now()) if last_good else None
        self.followed = Followed(last_good, wanted, None)

    def look(self) -> bool:
        """Look at the source once; tell whether it moved. Raises SourceError and keeps what was."""
        snapshot = self._source.read()
        self.fault = snapshot.fault
        if snapshot.source == self._seen:
            return False
        try:
            traffic = self._parse(snapshot)
        except TrafficError as error:
            refused, stable = _refused(snapshot, error), stated_stable(snapshot.text or "")
            self.followed = self.followed._replace(
                refused=refused, refused_stable=stable if stable in self._known else None
            )
            self._seen = snapshot.source
            _LOG.warning("refused %s: %s", snapshot.source, error)
            return True
        before, wanted, *_ = self.followed
        # A commit that leaves the traffic as it was does not make the state younger.
        seen_at = wanted.seen_at if wanted and traffic == before else now()
        self.followed = Followed(traffic, _wanted(traffic, snapshot.source, seen_at), None)
        self._seen = snapshot.source
        _LOG.info("accepted %s: revision %s", snapshot.source, traffic.revision)
        return True

    def _parse(self, snapshot: Snapshot) -> Traffic:
        file = self._source.file
        if snapshot.text is None:
            raise TrafficError((Problem(file, 1, "missing-file", self._source.absent),))
        return Traffic.parse(snapshot.text, self._known, file)


def _wanted(traffic: Traffic, source: str, seen_at: str) -> Wanted:
    return Wanted(traffic.revision, source, dict(traffic.data), seen_at)


def _refused(snapshot: Snapshot, error: TrafficError) -> Refused:
    problems = tuple(map(str, error.problems))
    return Refused(snapshot.source, now(), problems, traffic_digest(snapshot.text or ""))
