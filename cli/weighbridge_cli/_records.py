"""What `--output json` prints: the keys are a promise to programs, whatever the rooms do inside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge_ingress import Traffic
    from weighbridge_predictionlog import LoggedCall
    from weighbridge_rollout import (
        AgentState,
        ArgoCdView,
        Change,
        Commit,
        HistoryEntry,
        Image,
        ImageChange,
        Operation,
        Pin,
        Status,
    )
    from weighbridge_training import Registration

Record = dict[str, object]


def change_record(change: Change) -> Record:
    """Describe what `rollout set` and `rollout undo` did."""
    return {
        "commit": _commit(change.commit),
        "before": _traffic(change.before),
        "after": _traffic(change.after),
        "undone": [_commit(commit) for commit in change.undone],
        "confirmed_by": change.confirmed_by,
        "live_s": change.live_s,
        "notes": change.notes,
    }


def history_record(entry: HistoryEntry) -> Record:
    """Describe one commit that changed the split."""
    return {
        "commit": _commit(entry.commit),
        "before": _traffic(entry.before),
        "after": _traffic(entry.after),
        "stands": entry.stands,
    }


def status_record(status: Status) -> Record:
    """Describe the three views; an agent's report is as the agent gave it."""
    environment, counted = status.environment, status.counted
    return {
        "environment": environment.name,
        "place": environment.place,
        "path": environment.path,
        "git": {
            "commit": _commit(status.git.commit),
            "traffic": _traffic(status.git.traffic),
            "problem": status.git.problem,
        },
        "argocd": status.argocd and _argocd(status.argocd),
        "agents": [_agent(agent) for agent in status.agents],
        "counted": counted
        and {
            "version": counted.version,
            "calls": counted.calls,
            "canary_calls": counted.canary_calls,
            "share": counted.share,
            "low": counted.low,
            "high": counted.high,
            "fits": counted.fits,
        },
        "waiting_pods": [{"pod": pod.name, "reason": pod.not_ready} for pod in status.waiting],
        "agree": status.agree,
        "differences": status.differences,
    }


def registration_record(made: Registration) -> Record:
    """Describe what `model register` did."""
    version = made.version
    return {
        "name": made.name,
        "version": str(version.number),
        "created": version.created,
        "sha256": version.sha256,
        "uri": version.uri,
        "run_id": version.run_id,
        "signature": made.signature,
        "score": made.score,
        "notes": made.notes,
    }


def pin_record(pin: Pin) -> Record:
    """Describe a pinned model."""
    return {
        "label": pin.label,
        "name": pin.model.name,
        "version": pin.model.version,
        "uri": pin.model.uri,
        "sha256": pin.model.sha256,
        "path": pin.path,
        "commit": _commit(pin.commit),
        "synced_s": pin.synced_s,
        "notes": pin.notes,
    }


def image_record(image: Image) -> Record:
    """Describe what a Deployment runs."""
    return {"name": image.name, "repository": image.repository, "tag": image.tag}


def image_change_record(change: ImageChange) -> Record:
    """Describe what `image set` did; `before` are the images whose tag changed."""
    return {
        "path": change.path,
        "tag": change.tag,
        "before": [image_record(image) for image in change.before],
        "commit": _commit(change.commit),
        "synced_s": change.synced_s,
        "notes": change.notes,
    }


def call_record(call: LoggedCall) -> Record:
    """Describe one call of the prediction log."""
    return {
        "prediction_id": str(call.prediction_id),
        "created_at": call.created_at.isoformat(),
        "method": call.method,
        "served_version": call.served_version,
        "routed_version": call.routed_version,
        "route": call.route,
        "traffic_revision": call.traffic_revision,
        "attempt": call.attempt,
        "envoy_attempt": call.envoy_attempt,
        "status_code": call.status_code,
        "error_field": call.error_field,
        "score": call.score,
        "label": call.label,
        "latency_ms": call.latency_ms,
        "inputs": call.inputs,
    }


def _commit(commit: Commit | None) -> Record | None:
    if commit is None:
        return None
    return {
        "sha": commit.sha,
        "author": commit.author,
        "email": commit.email,
        "when": commit.when.isoformat(),
        "subject": commit.subject,
        "body": commit.body,
        "trailers": commit.trailers,
    }


def _traffic(traffic: Traffic | None) -> Record | None:
    if traffic is None:
        return None
    return {
        "stable": traffic.stable,
        "canary": traffic.canary,
        "canary_permille": traffic.canary_permille,
        "shadow_permille": traffic.shadow_permille,
        "revision": traffic.revision,
    }


def _agent(agent: AgentState) -> Record:
    report = None if agent.report is None else json.loads(agent.report.to_json())
    is_url = "://" in agent.name
    return {
        "url": agent.name if is_url else None,
        "pod": None if is_url else agent.name,
        "report": report,
        "unreachable": agent.unreachable,
        "not_ready": agent.not_ready,
    }


def _argocd(view: ArgoCdView) -> Record:
    place, state = view.place, view.state
    return {
        "application": place.application,
        "namespace": place.namespace,
        "context": place.context,
        "revision": state and state.revision,
        "sees_commit": view.sees_commit,
        "sync": state and state.sync,
        "health": state and state.health,
        "automated": state and state.automated,
        "operation": _operation(state.operation) if state and state.operation else None,
        "obstacle": view.obstacle,
        "unasked": view.unasked,
    }


def _operation(operation: Operation) -> Record:
    return {
        "phase": operation.phase,
        "revision": operation.revision,
        "retries": operation.retries,
        "message": operation.message,
        "failures": [str(one) for one in operation.resources if one.failed],
    }
