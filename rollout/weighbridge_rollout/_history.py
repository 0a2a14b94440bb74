"""Tell which commits changed the split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge_rollout._clone import open_clone
from weighbridge_rollout._undo import standing_changes, valid_traffic

if TYPE_CHECKING:
    from weighbridge_ingress import Traffic
    from weighbridge_rollout._commit import Commit
    from weighbridge_rollout._environment import Environment


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One commit that changed traffic.yaml."""

    commit: Commit
    before: Traffic | None
    """None if there was no file, or one that agents refuse."""
    after: Traffic | None
    stands: bool
    """False once it has been undone, and for the undoing commit itself."""


def history(environment: Environment, limit: int = 20) -> tuple[HistoryEntry, ...]:
    """Return the last commits that changed the traffic file, newest first."""
    with open_clone(environment) as clone:
        changes = clone.log(environment.traffic_file)
        standing = {change.commit.sha for change in standing_changes(reversed(changes))}
        shown = changes[:limit]
        blobs = {blob for change in shown for blob in (change.before, change.after)}
        traffic = {blob: valid_traffic(clone, blob) for blob in blobs}
        return tuple(
            HistoryEntry(
                change.commit,
                traffic[change.before],
                traffic[change.after],
                change.commit.sha in standing,
            )
            for change in shown
        )
