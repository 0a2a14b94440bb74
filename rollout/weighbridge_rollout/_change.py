"""What a write to an environment came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge_ingress import Traffic
    from weighbridge_rollout._commit import Commit


@dataclass(frozen=True, slots=True)
class Change:
    """A changed split, or the finding that there was nothing to change."""

    commit: Commit | None
    """None if Git held this state already; nothing was written then."""
    before: Traffic | None
    """None if the state before was one that agents refuse."""
    after: Traffic
    undone: tuple[Commit, ...] = ()
    """Newest first; empty unless this is a step back."""
    confirmed_by: tuple[str, ...] = ()
    """The agents that run it, by URL or pod."""
    live_s: float | None = None
    """Seconds from the commit until every agent ran it; None if nobody was waited for."""
    notes: tuple[str, ...] = ()
    """What one should know besides, for example that Argo CD could not be asked to look."""
