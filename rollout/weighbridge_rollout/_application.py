"""Read an Argo CD Application, and judge what became of a commit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from weighbridge_ingress.git import without_credentials
from weighbridge_rollout._problems import one_line

_Json = Mapping[str, Any]
Holds = Callable[[str], bool]
"""Whether a revision holds the commit in question."""

REFRESH = "argocd.argoproj.io/refresh"

_COMMIT = re.compile(r"[0-9a-f]{40,64}")
# The name of a file that Argo CD wrote for itself and has removed since.
_OWN_FILE = re.compile(r'error when \w+ "/[^"]*": ')


@dataclass(frozen=True, slots=True)
class SyncedResource:
    """What became of one object in a sync."""

    kind: str
    name: str
    status: str
    """Synced, SyncFailed, Pruned, PruneSkipped; empty if it was not its turn."""
    message: str

    @property
    def failed(self) -> bool:
        return self.status == "SyncFailed"

    @property
    def configmap(self) -> str | None:
        """Its name, if it is a ConfigMap."""
        return self.name if self.kind == "ConfigMap" else None

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.message}"


@dataclass(frozen=True, slots=True)
class Operation:
    """The newest sync, under way or ended."""

    phase: str
    """Running, Terminating, Succeeded, Failed, Error."""
    revision: str
    """The commit, as far as it is known yet."""
    retries: int
    message: str
    resources: tuple[SyncedResource, ...]

    @property
    def under_way(self) -> bool:
        return self.phase in ("Running", "Terminating")

    @property
    def retrying(self) -> bool:
        """Whether it failed before and waits for its next try."""
        return self.phase == "Running" and self.retries > 0

    @property
    def failures(self) -> tuple[str, ...]:
        """Why it failed, by object; by its own message where no object says."""
        told = tuple(str(resource) for resource in self.resources if resource.failed)
        return told or (self.message,)


@dataclass(frozen=True, slots=True)
class ApplicationState:
    """An Application as Argo CD last wrote it down."""

    follows: str
    """Which folder of which branch of which repository it applies."""
    automated: bool
    """Whether it applies what it sees without being told."""
    refreshing: bool
    """Whether it was asked to look at Git and has not done so yet."""
    revision: str | None
    """The commit that it last compared the cluster with; None before it could."""
    sync: str
    """Synced, OutOfSync or Unknown."""
    health: str
    """Healthy, Progressing, Degraded, Suspended, Missing or Unknown."""
    operation: Operation | None
    errors: tuple[str, ...]
    """What keeps it from comparing or syncing at all."""
    version: str
    """The API server's name for this moment of it."""

    def is_applied(self, holds: Holds) -> bool:
        """Say whether the cluster is, and remains, as a revision with the commit says."""
        return self.sync == "Synced" and self.is_settled(holds)

    def is_settled(self, holds: Holds) -> bool:
        """Say whether the commit is seen, and no sync of another state is under way."""
        return self.sees(holds) and self.other_sync(holds) is None

    def sees(self, holds: Holds) -> bool:
        """Say whether Argo CD has looked at a revision with the commit."""
        return self.revision is not None and holds(self.revision)

    def refusal(self, holds: Holds, configmap: str | None = None) -> tuple[str, ...]:
        """Return why the commit could not be applied; empty if it was, or may be yet.

        A commit that changes one ConfigMap is judged by this one: failures of other objects are
        not its own. A failure counts at once, though Argo CD may go on trying for minutes.
        """
        operation = self.operation
        if operation is None or not holds(operation.revision):
            return ()
        concerned = [one for one in operation.resources if configmap in (None, one.configmap)]
        if configmap and any(one.status == "Synced" for one in concerned):
            return ()
        ended = operation.phase in ("Failed", "Error")
        failed = operation.retrying and any(one.failed for one in concerned)
        return operation.failures if ended or failed else ()

    def other_sync(self, holds: Holds) -> Operation | None:
        """Return the sync under way of a state without the commit."""
        operation = self.operation
        other = operation is not None and operation.under_way and not holds(operation.revision)
        return operation if other else None

    def blocked_by(self, holds: Holds) -> Operation | None:
        """Return the sync of an older state that is tried again and again before the commit."""
        other = self.other_sync(holds)
        return other if other and other.retrying else None


def is_commit_id(revision: str) -> bool:
    """Say whether a revision is a commit, rather than a branch's name or nothing."""
    return _COMMIT.fullmatch(revision) is not None


def read_application(item: _Json) -> ApplicationState:
    """Read the API's object; what a fresh Application lacks yet is empty."""
    spec, status = item.get("spec") or {}, item.get("status") or {}
    sync = status.get("sync") or {}
    automated = (spec.get("syncPolicy") or {}).get("automated")
    revision = str(sync.get("revision", ""))
    return ApplicationState(
        follows=_follows(spec.get("source") or {}),
        automated=automated is not None and automated.get("enabled") is not False,
        refreshing=REFRESH in (item["metadata"].get("annotations") or {}),
        # Where it cannot read the branch, the branch's name stands there instead.
        revision=revision if is_commit_id(revision) else None,
        sync=sync.get("status", "Unknown"),
        health=(status.get("health") or {}).get("status", "Unknown"),
        operation=_operation(status.get("operationState")),
        version=item["metadata"].get("resourceVersion", ""),
        errors=tuple(
            _clean(one.get("message", one["type"]))
            for one in status.get("conditions") or ()
            # A SyncError repeats the operation's message.
            if one["type"].endswith("Error") and one["type"] != "SyncError"
        ),
    )


def _follows(source: _Json) -> str:
    branch, folder = source.get("targetRevision") or "HEAD", source.get("path", ".")
    repository = without_credentials(source.get("repoURL", "an unknown repository"))
    return f"{folder} on {branch} of {repository}"


def _operation(state: _Json | None) -> Operation | None:
    if not state or "phase" not in state:
        return None
    asked = (state.get("operation") or {}).get("sync") or {}
    result = state.get("syncResult") or {}
    return Operation(
        phase=state["phase"],
        revision=result.get("revision") or asked.get("revision", ""),
        retries=state.get("retryCount") or 0,
        message=_clean(state.get("message", "")),
        resources=tuple(
            SyncedResource(
                one["kind"], one["name"], one.get("status", ""), _clean(one.get("message", ""))
            )
            for one in result.get("resources") or ()
        ),
    )


def _clean(message: str) -> str:
    return one_line(without_credentials(_OWN_FILE.sub("", message)))
