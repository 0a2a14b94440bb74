"""Follow one pushed commit on its way through Argo CD."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from weighbridge_rollout._errors import (
    ClusterError,
    ForbiddenError,
    RefusedError,
    SettingsError,
)
from weighbridge_rollout._holding import Holding
from weighbridge_rollout._problems import list_problems
from weighbridge_rollout._whereabouts import missing, obstacle, progress

if TYPE_CHECKING:
    from weighbridge_rollout._application import ApplicationState
    from weighbridge_rollout._argocd import ArgoCd
    from weighbridge_rollout._clone import Clone
    from weighbridge_rollout._site import Site
    from weighbridge_rollout._write import Pushed

_LOOK_S = 0.4
_ASK_AGAIN_S = 1.0
# What it says of a broken state of Git may be older than the commit, or a moment's fault of the
# Git host. So often it has to have looked at Git since the push.
_LOOKS_BELIEVED = 2


class CommitWatch:
    """What Argo CD makes of a commit; without Argo CD there is nothing to follow."""

    def __init__(self, site: Site, clone: Clone, pushed: Pushed, configmap: str | None) -> None:
        self._commit = pushed.commit
        self._configmap = configmap
        self._option = site.environment.option
        self._holds = Holding(clone, pushed.commit.sha)
        self._state: ApplicationState | None = None
        self._is_missing = False
        self._looked_at = self._asked_at = float("-inf")
        self._is_asked = False
        self._looks_at_git = 0
        self._may_ask = True
        self._is_barred = False
        self.unasked: str | None = None
        """Why Argo CD cannot be asked; None if it can."""
        self.notes: tuple[str, ...] = ()
        """What the person should know, though it stops nothing."""
        self._argocd = self._connect(site)

    @property
    def has_application(self) -> bool:
        """Whether there is one to look at, now or when the cluster answers again."""
        return self._argocd is not None and not self._is_barred and not self._is_missing

    @property
    def is_applied(self) -> bool:
        """Whether the cluster is as the commit says, as far as Argo CD knows."""
        return self._state is not None and self._state.is_applied(self._holds)

    @property
    def is_settled(self) -> bool:
        """Whether Argo CD has nothing older in mind any more, as far as it can be asked."""
        state = self._state
        if not self.has_application:
            return True
        return state is not None and self.unasked is None and state.is_settled(self._holds)

    @property
    def obstacle(self) -> str | None:
        """What keeps the commit from being applied, None if nothing does or nothing is known."""
        if self._argocd is None:
            return None
        place, state = self._argocd.place, self._state
        if state is None:
            return missing(place) if self._is_missing else None
        return obstacle(place, state, self._commit.short, self._holds)

    @property
    def where(self) -> str | None:
        """Where the commit is, in one sentence; None where Argo CD cannot tell."""
        found = self.obstacle
        if found or self._argocd is None or self._state is None:
            return found
        return progress(self._argocd.place, self._state, self._commit.short, self._holds)

    def ask_to_look(self) -> None:
        """Ask Argo CD to look at Git now; where that cannot be, a note says so."""
        if self._argocd is None or not self._may_ask:
            return
        try:
            if not self._argocd.refresh():
                self._is_missing = True
                self.note(missing(self._argocd.place))
        except ClusterError as error:
            self._may_ask = not isinstance(error, ForbiddenError)
            self._note_unasked(error)
        else:
            self._asked_at, self._is_asked = time.monotonic(), True

    def look(self) -> None:
        """Read what Argo CD says, not too often; RefusedError if it could not apply the commit."""
        now = time.monotonic()
        if self._argocd is None or now < self._looked_at + _LOOK_S:
            return
        self._looked_at = now
        try:
            self._state = self._argocd.look()
        except ClusterError as error:
            self.unasked, self._is_barred = str(error), not error.may_pass
            return
        self.unasked, self._is_missing = None, self._state is None
        if self._state:
            self._judge(self._argocd, self._state)
            self._push_on(self._argocd, self._state)

    def note_where(self) -> None:
        """Keep a note of where the commit is, or of why Argo CD cannot tell."""
        if self.unasked is None:
            self.note(self.where or f"Argo CD has not told yet where {self._commit.short} is")
        elif not any(self.unasked in note for note in self.notes):
            self.note(f"Argo CD cannot be asked whether it has applied it: {self.unasked}")

    def note(self, text: str) -> None:
        """Keep a note, once."""
        if text not in self.notes:
            self.notes = (*self.notes, text)

    def _judge(self, argocd: ArgoCd, state: ApplicationState) -> None:
        head = f"{self._commit.short} is in Git, but Argo CD ({argocd.place})"
        if failures := state.refusal(self._holds, self._configmap):
            reasons = list_problems(f"{head} could not apply it", failures)
            raise self._refused(reasons, f"Take it back with {self._way_back()}")
        if state.errors and self._looks_at_git >= _LOOKS_BELIEVED:
            reasons = list_problems(f"{head} cannot apply what the branch says", state.errors)
            raise self._refused(reasons, "Mend that in Git; then this commit goes live too")

    def _refused(self, reasons: str, next_step: str) -> RefusedError:
        return RefusedError(f"{reasons}\nCalls go on as before. {next_step}", self._commit)

    def _way_back(self) -> str:
        undo = f"rollout undo{self._option}" if self._configmap == "traffic" else ""
        return f"`weighbridge {undo}`" if undo else f"`git revert {self._commit.short}`"

    def _push_on(self, argocd: ArgoCd, state: ApplicationState) -> None:
        """Ask again where a look did not reach the commit, and end what stands in its way."""
        if self._is_asked and not state.refreshing:
            self._looks_at_git, self._is_asked = self._looks_at_git + 1, False
        if not state.sees(self._holds) and time.monotonic() > self._asked_at + _ASK_AGAIN_S:
            self.ask_to_look()
        older = state.blocked_by(self._holds)
        if older and self._holds.is_older(older.revision):
            self._stop_retries(argocd, state, older.revision)

    def _stop_retries(self, argocd: ArgoCd, state: ApplicationState, revision: str) -> None:
        """End the retries of an older state: what it wants, this commit has replaced."""
        try:
            argocd.stop(state)
        except ClusterError:
            return  # tried again at the next look; if it is forbidden, the obstacle tells
        self.note(
            f"Argo CD was still retrying {revision[:10]}, which it could not apply; "
            "it was told to take this commit instead"
        )

    def _connect(self, site: Site) -> ArgoCd | None:
        try:
            return site.argocd()
        except (ClusterError, SettingsError) as error:
            self.unasked = str(error)
            self._note_unasked(error)
            return None

    def _note_unasked(self, error: Exception) -> None:
        self.note(
            "Argo CD looks at Git by itself every few minutes, but could not be asked to do so "
            f"now: {error}"
        )
