"""Say where on its way through Argo CD a commit is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge_rollout._problems import list_problems

if TYPE_CHECKING:
    from weighbridge_rollout._application import ApplicationState, Holds
    from weighbridge_rollout._environment import ArgoApplication

_SHORT = 10


def say_unasked(argocd: str | None, agents: str | None) -> list[str]:
    """Say who cannot be asked and why; once, if it is one reason for both."""
    if argocd and argocd == agents:
        return [f"neither Argo CD nor the agents can be asked: {agents}"]
    return [
        *([f"Argo CD cannot be asked: {argocd}"] if argocd else []),
        *([f"the agents cannot be asked: {agents}"] if agents else []),
    ]


def missing(place: ArgoApplication) -> str:
    """Say that nothing applies Git there."""
    return f"Argo CD has no Application {place}, so that nothing applies Git: create it"


def obstacle(
    place: ArgoApplication, state: ApplicationState, commit: str, holds: Holds
) -> str | None:
    """Name what keeps a commit from being applied; None if it is, or is about to be."""
    if state.errors:
        return list_problems(f"Argo CD ({place}) cannot apply what the branch says", state.errors)
    if state.operation and (failures := state.refusal(holds)):
        tried = state.operation.revision[:_SHORT]
        return list_problems(f"Argo CD ({place}) could not apply {tried}", failures)
    if not state.automated:
        return (
            f"auto-sync of Application {place} is off, so that commits change nothing: "
            f"argocd app sync {place.application}, or set spec.syncPolicy.automated"
        )
    if not state.sees(holds):
        seen = state.revision[:_SHORT] if state.revision else "no commit"
        return (
            f"Argo CD has not looked at {commit} yet: {place} is at {seen} and follows "
            f"{state.follows}"
        )
    if older := state.blocked_by(holds):
        return (
            f"Argo CD still retries {older.revision[:_SHORT]}, which it could not apply "
            f"({older.failures[0]}): argocd app terminate-op {place.application}"
        )
    return None


def progress(place: ArgoApplication, state: ApplicationState, commit: str, holds: Holds) -> str:
    """Say how far a commit is that nothing is in the way of."""
    operation = state.operation
    if state.is_applied(holds):
        return f"Argo CD ({place}) has applied {commit}"
    doing = operation.message if operation and operation.message else "its sync has begun"
    if other := state.other_sync(holds):
        tried = other.revision[:_SHORT] or "another state"
        return f"Argo CD ({place}) is still at {tried}, before {commit}: {doing}"
    if operation and operation.phase == "Running":
        return f"Argo CD ({place}) is applying {commit}: {doing}"
    return f"Argo CD ({place}) has seen {commit}, and is {state.sync}"
