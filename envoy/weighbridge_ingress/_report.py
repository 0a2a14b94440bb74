"""What an agent says about its Envoy, and how to fetch it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypeVar

from weighbridge_ingress._errors import ReportError

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """The state to be in; `source` is the commit it came from, "" if taken from disk at start."""

    revision: str
    source: str
    traffic: dict[str, str]
    seen_at: str


@dataclass(frozen=True, slots=True)
class Running:
    """The state that Envoy itself reports; shares in thousandths, stable first."""

    revision: str
    weights: dict[str, int]
    since: str
    shadow_permille: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """The newest state, which could not be accepted; null again after a later good one.

    `digest` names the text itself where no commit does: the first 12 hex digits of its SHA-256.
    """

    source: str
    at: str
    problems: tuple[str, ...]
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Calls:
    """Finished weighted predictions per version routed to, fall-backs included, since `since`."""

    since: str
    routed: dict[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """One agent's report; times are ISO 8601 in UTC.

    `known_versions` are those the Envoy beside it can send calls to; empty from an older agent.
    """

    agent: str
    at: str
    wanted: Wanted | None
    running: Running | None
    in_step: bool
    refused: Refused | None
    error: str | None
    repairs: int
    calls: Calls | None
    known_versions: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, body: bytes) -> Report:
        """Read a report of this schema or a later one, which may only add. Raises ReportError."""
        try:
            data = json.loads(body)
            if data["schema"] < SCHEMA:
                raise ReportError(f"the agent reports in schema {data['schema']}, not {SCHEMA}")
            refused = _part(Refused, data["refused"])
            return cls(
                agent=data["agent"],
                at=data["at"],
                wanted=_part(Wanted, data["wanted"]),
                running=_part(Running, data["running"]),
                in_step=data["in_step"],
                refused=refused and replace(refused, problems=tuple(refused.problems)),
                error=data["error"],
                repairs=data["repairs"],
                calls=_part(Calls, data["calls"]),
                known_versions=tuple(data.get("known_versions", ())),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ReportError(f"this is no agent's report: {error!r}") from error

    def to_json(self) -> bytes:
        """Write the report as it goes over the wire."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}).encode() + b"\n"


_Part = TypeVar("_Part", Wanted, Running, Refused, Calls)


def fetch_report(url: str, timeout_s: float = 2.0) -> Report:
    """Ask an agent, by its base URL or that of /report. Raises ReportError."""
    target = url if url.endswith("/report") else f"{url.rstrip('/')}/report"
    if not target.startswith(("http://", "https://")):
        raise ReportError(f"an agent's address is an http URL, not {url!r}")
    try:
        with urllib.request.urlopen(target, timeout=timeout_s) as answer:  # noqa: S310 checked above
            body: bytes = answer.read()
    except (OSError, urllib.error.URLError) as error:
        raise ReportError(f"the agent at {url} does not answer: {error}") from error
    return Report.from_json(body)


def _part(kind: type[_Part], data: dict[str, Any] | None) -> _Part | None:
    if data is None:
        return None
    known = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in data.items() if name in known})
