"""Argo CD's Applications, as a person sees them."""

import json
from dataclasses import dataclass
from typing import Any

from tests.cluster.kubectl import Kubectl
from tests.counting import eventually

_REFRESH = "argocd.argoproj.io/refresh"


@dataclass(frozen=True)
class Application:
    """One Application; `kubectl` works in Argo CD's namespace."""

    kubectl: Kubectl
    name: str

    @property
    def status(self) -> dict[str, Any]:
        """What Argo CD says of it."""
        status: dict[str, Any] = self.kubectl.get("application", self.name).get("status", {})
        return status

    def refresh(self) -> None:
        """Ask Argo CD to look at Git now, as README.md tells."""
        self.kubectl.run("annotate", "application", self.name, f"{_REFRESH}=normal", "--overwrite")

    def wait_synced(self, commit: str, within_s: float = 60, *, healthy: bool = True) -> None:
        """Wait until the commit is applied, and well."""
        self.refresh()

        def is_synced() -> None:
            status = self.status
            sync = status.get("sync", {})
            said = json.dumps(status.get("operationState", {}).get("message"))
            assert sync.get("revision") == commit, f"{sync}: {said}"
            assert sync.get("status") == "Synced", f"{sync}: {said}: {self._unwell(status)}"
            if healthy:
                health = status.get("health", {}).get("status")
                assert health == "Healthy", f"{health}: {self._unwell(status)}"

        eventually(is_synced, within_s)

    @staticmethod
    def _unwell(status: dict[str, Any]) -> list[str]:
        return [
            f"{one['kind']}/{one['name']}: {one.get('status')} {one.get('health')}"
            for one in status.get("resources", [])
            if one.get("status") != "Synced"
            or one.get("health", {}).get("status", "Healthy") != "Healthy"
        ]
