"""What a pod's status says, as `kubectl describe pod` shows it."""

from collections.abc import Iterator
from typing import Any

Pod = dict[str, Any]


def waiting_messages(pod: Pod) -> list[str]:
    """Say what its containers wait for."""
    states = (container.get("state", {}) for container in _containers(pod))
    return [state["waiting"].get("message", "") for state in states if "waiting" in state]


def termination_messages(pod: Pod) -> list[str]:
    """Return the last words of its containers."""
    states = (
        container.get(moment, {})
        for container in _containers(pod)
        for moment in ("state", "lastState")
    )
    return [state["terminated"].get("message", "") for state in states if "terminated" in state]


def is_ready(pod: Pod) -> bool:
    """Tell whether it gets calls."""
    return bool(ready_since(pod))


def ready_since(pod: Pod) -> str:
    """Return since when it gets calls without a break; "" if it does not."""
    conditions = pod["status"].get("conditions", [])
    ready = (one for one in conditions if one["type"] == "Ready" and one["status"] == "True")
    return str(next((one["lastTransitionTime"] for one in ready), ""))


def restarts(pod: Pod, container: str) -> int:
    """Return how often a container was started anew."""
    found = (one["restartCount"] for one in _containers(pod) if one["name"] == container)
    return int(next(found))


def _containers(pod: Pod) -> Iterator[dict[str, Any]]:
    for kind in ("initContainerStatuses", "containerStatuses"):
        yield from pod["status"].get(kind, [])
