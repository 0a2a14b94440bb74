"""Read a list of pods: which of them count, and what keeps the others from being ready."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from weighbridge_rollout._problems import one_line

_Json = Mapping[str, Any]

# What every container says that waits for another one, or for its own turn.
_NO_REASON = ("ContainerCreating", "PodInitializing")


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod that is there to stay."""

    name: str
    not_ready: str | None
    """Why it is not ready, None if it is."""


def standing_pods(listed: _Json) -> tuple[Pod, ...]:
    """Return the pods of a list but for those that end or have ended, by name."""
    pods = (_pod(item) for item in listed.get("items") or () if _stands(item))
    return tuple(sorted(pods, key=lambda pod: pod.name))


def _stands(item: _Json) -> bool:
    ended = item.get("status", {}).get("phase") in ("Succeeded", "Failed")
    return not ended and not item["metadata"].get("deletionTimestamp")


def _pod(item: _Json) -> Pod:
    status = item.get("status", {})
    conditions = {one["type"]: one for one in status.get("conditions") or ()}
    ready = conditions.get("Ready", {}).get("status") == "True"
    return Pod(item["metadata"]["name"], None if ready else _why(status, conditions))


def _why(status: _Json, conditions: Mapping[str, _Json]) -> str:
    told = [*_troubles(status)]
    if told:
        return "; ".join(told)
    unmet = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    for condition in (conditions.get(name, {}) for name in unmet):
        if condition.get("status") == "False" and condition.get("message"):
            return one_line(condition["message"])
    return one_line(status.get("message") or f"it is {status.get('phase', 'new')}")


def _troubles(status: _Json) -> Iterator[str]:
    containers = (*_list(status, "initContainerStatuses"), *_list(status, "containerStatuses"))
    for container in containers:
        state, last = container.get("state") or {}, container.get("lastState") or {}
        waiting = state.get("waiting")
        if waiting and waiting.get("reason") not in (None, *_NO_REASON):
            yield _trouble(container["name"], waiting, last.get("terminated"))
        elif (ended := state.get("terminated")) and ended.get("exitCode"):
            yield _trouble(container["name"], ended, ended)


def _trouble(name: str, now: _Json, ended: _Json | None) -> str:
    """Say why a container does not run, and what it said when it last ended."""
    reason = now.get("reason", "ended")
    if not ended:
        return one_line(f"container {name}: {reason}: {now.get('message', 'no message')}")
    said = _last_words(ended.get("message") or ended.get("reason") or "")
    return one_line(f"container {name}: {reason}, exit code {ended.get('exitCode')}: {said}")


def _last_words(said: str) -> str:
    """Return the last line of what a container left behind; of a JSON log line its message."""
    line = next((line for line in reversed(said.splitlines()) if line.strip()), "no message")
    try:
        return str(json.loads(line)["message"])
    except (ValueError, KeyError, TypeError):
        return line


def _list(status: _Json, key: str) -> list[_Json]:
    return status.get(key) or []
