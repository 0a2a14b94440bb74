"""What the agents say that their Envoys run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING

from weighbridge_ingress import Report, ReportError, fetch_report

if TYPE_CHECKING:
    from collections.abc import Sequence

ASK_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class AgentState:
    """One agent's answer; exactly one of `report` and `unreachable` is set."""

    name: str
    """Its URL, or its pod."""
    report: Report | None
    unreachable: str | None
    not_ready: str | None = None
    """Why its pod is not ready, so that no call reaches its Envoy; None if it is, or unknown."""

    @property
    def title(self) -> str:
        """Its name in a sentence."""
        return f"the agent at {self.name}" if "://" in self.name else f"pod {self.name}"

    def confirms(self, revision: str) -> bool:
        """Say whether this agent runs a state, wants it, and has nothing newer that it refused.

        An agent that still shows an older refusal has not seen the commit that mends it.
        """
        report = self.report
        return (
            report is not None
            and report.in_step
            and report.refused is None
            and self.not_ready is None
            and self.runs(revision)
        )

    def runs(self, revision: str) -> bool:
        """Say whether this agent's Envoy runs a state, by what Envoy's admin told the agent."""
        running = self.report.running if self.report else None
        return running is not None and running.revision == revision


def ask_agents(urls: Sequence[str], timeout_s: float = ASK_TIMEOUT_S) -> tuple[AgentState, ...]:
    """Ask all agents at once; one that does not answer is part of the answer."""
    if not urls:
        return ()
    with ThreadPoolExecutor(max_workers=len(urls)) as pool:
        return tuple(pool.map(lambda url: _ask(url, timeout_s), urls))


def known_versions(states: Sequence[AgentState]) -> frozenset[str] | None:
    """Return the versions that every agent which says so can route to; None if none says so.

    An agent that does not answer, or is too old to tell, is left to refuse for itself.
    """
    told = [
        frozenset(state.report.known_versions)
        for state in states
        if state.report and state.report.known_versions
    ]
    return frozenset.intersection(*told) if told else None


def _ask(url: str, timeout_s: float) -> AgentState:
    try:
        return AgentState(url, fetch_report(url, timeout_s), None)
    except ReportError as error:
        reason = str(error).removeprefix(f"the agent at {url} does not answer: ")
        return AgentState(url, None, reason)
    except HTTPException as error:
        return AgentState(url, None, f"something else than an agent answers there: {error!r}")
