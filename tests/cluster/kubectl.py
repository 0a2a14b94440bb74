"""The cluster under test, by the command that people use."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Kubectl:
    """kubectl on one namespace of one cluster."""

    kubeconfig: Path
    namespace: str

    def run(self, *arguments: str, given: str | None = None, timeout_s: float = 60) -> str:
        """Run it; return what it prints. A failure fails the test, with what it said."""
        done = self.done(*arguments, given=given, timeout_s=timeout_s)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def done(
        self, *arguments: str, given: str | None = None, timeout_s: float = 60
    ) -> "subprocess.CompletedProcess[str]":
        """Run it, whatever comes of it."""
        place = (f"--kubeconfig={self.kubeconfig}", f"--namespace={self.namespace}")
        return subprocess.run(
            ["kubectl", *place, *arguments],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )

    def get(self, *arguments: str) -> dict[str, Any]:
        """Return an object, or a list's items under `items`."""
        found: dict[str, Any] = json.loads(self.run("get", *arguments, "--output=json"))
        return found

    def is_kind(self) -> bool:
        """Tell whether the cluster is one of kind's, where Argo CD runs in pods."""
        return self.run("config", "current-context").startswith("kind-")

    def within(self, namespace: str) -> "Kubectl":
        """Return the same cluster's kubectl on another namespace."""
        return Kubectl(self.kubeconfig, namespace)

    def exists(self, kind: str, name: str) -> bool:
        """Tell whether there is such an object."""
        return bool(self.run("get", kind, name, "--ignore-not-found", "--output=name"))

    def data(self, configmap: str) -> dict[str, str]:
        """Return a ConfigMap's data."""
        data: dict[str, str] = self.get("configmap", configmap)["data"]
        return data

    def patch(self, kind: str, name: str, change: Mapping[str, Any]) -> None:
        """Merge a change into an object, as `kubectl edit` would."""
        self.run("patch", kind, name, "--type=merge", f"--patch={json.dumps(change)}")

    def pods(self, selector: str) -> list[dict[str, Any]]:
        """Return the pods of a selector that are not on their way out."""
        items: list[dict[str, Any]] = self.get("pods", f"--selector={selector}")["items"]
        return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]

    def rolled_out(self, deployment: str, timeout_s: float = 120) -> None:
        """Wait until a Deployment's rolling update is over."""
        limit = f"--timeout={timeout_s:.0f}s"
        self.run("rollout", "status", f"deployment/{deployment}", limit, timeout_s=timeout_s + 10)
