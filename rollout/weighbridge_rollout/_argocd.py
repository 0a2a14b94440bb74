"""Argo CD, by its Application: look at it, and ask it to look at Git."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge_rollout._application import REFRESH, read_application

if TYPE_CHECKING:
    from weighbridge_rollout._application import ApplicationState
    from weighbridge_rollout._cluster import Cluster
    from weighbridge_rollout._environment import ArgoApplication


class ArgoCd:
    """One Application in one cluster; every method raises ClusterError."""

    def __init__(self, cluster: Cluster, place: ArgoApplication) -> None:
        self.cluster = cluster
        self.place = place
        group = "apis/argoproj.io/v1alpha1"
        self._path = f"{group}/namespaces/{place.namespace}/applications/{place.application}"
        self._where = f"applications.argoproj.io in namespace {place.namespace}"

    def look(self) -> ApplicationState | None:
        """Return what Argo CD wrote down last; None if there is no such Application."""
        item = self.cluster.get_object(self._path, right=f"get {self._where}")
        return None if item is None else read_application(item)

    def refresh(self) -> bool:
        """Ask it to look at Git now, as its own web page does; False without an Application."""
        return self._patch({"metadata": {"annotations": {REFRESH: "normal"}}})

    def stop(self, seen: ApplicationState) -> None:
        """End the sync of a state that was seen, as `argocd app terminate-op` does.

        ClusterError if Argo CD has gone on since: another sync must not be hit.
        """
        version = {"resourceVersion": seen.version}
        self._patch({"metadata": version, "status": {"operationState": {"phase": "Terminating"}}})

    def _patch(self, change: dict[str, object]) -> bool:
        return self.cluster.merge(self._path, change, right=f"patch {self._where}")
