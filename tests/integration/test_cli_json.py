"""The keys that programs read from `--output json`; `predictions` over a real PostgreSQL."""

import json
from typing import Any

import pytest

from tests.fix_cli import Shell
from tests.fix_repository import FOLDER, Repository
from tests.prediction_rows import make_row
from weighbridge_predictionlog.shipper import Store

COMMIT = {"sha", "author", "email", "when", "subject", "body", "trailers"}
TRAFFIC = {"stable", "canary", "canary_permille", "shadow_permille", "revision"}
CHANGE = {"commit", "before", "after", "undone", "confirmed_by", "live_s", "notes"}
CALL = {
    *("prediction_id", "created_at", "method", "served_version", "routed_version", "route"),
    *("traffic_revision", "attempt", "envoy_attempt", "status_code", "error_field"),
    *("score", "label", "latency_ms", "inputs"),
}


@pytest.fixture
def writing_shell(repository: Repository, shell: Shell) -> Shell:
    """A shell that knows a traffic repository and no agent."""
    names = {"REPO": str(repository.bare), "PATH": FOLDER}
    variables = {f"WEIGHBRIDGE_TRAFFIC_{name}": value for name, value in names.items()}
    return Shell(shell.folder, variables)


def as_json(shell: Shell, *arguments: str) -> Any:
    return json.loads(shell.ok(*arguments, "--output", "json"))


def test_set_and_undo(writing_shell: Shell) -> None:
    change = as_json(writing_shell, "rollout", "set", "25")
    assert set(change) == CHANGE
    assert set(change["commit"]) == COMMIT
    assert set(change["before"]) == set(change["after"]) == TRAFFIC
    assert (change["undone"], change["confirmed_by"], change["live_s"]) == ([], [], None)

    undone = as_json(writing_shell, "rollout", "undo")
    assert set(undone) == CHANGE
    assert undone["undone"] == [change["commit"]]
    assert undone["after"] == change["before"]


def test_history(writing_shell: Shell) -> None:
    (entry,) = as_json(writing_shell, "rollout", "history")
    assert set(entry) == {"commit", "before", "after", "stands"}
    assert set(entry["commit"]) == COMMIT
    assert entry["before"] is None
    assert set(entry["after"]) == TRAFFIC


def test_status(writing_shell: Shell) -> None:
    status = as_json(writing_shell, "rollout", "status")
    views = {"git", "argocd", "agents", "waiting_pods", "counted", "agree", "differences"}
    assert set(status) == {"environment", "place", "path", *views}
    assert set(status["git"]) == {"commit", "traffic", "problem"}
    assert set(status["git"]["traffic"]) == TRAFFIC


def test_predictions(database_url: str, shell: Shell) -> None:
    here = Shell(shell.folder, {"WEIGHBRIDGE_DATABASE_URL": database_url})
    assert as_json(here, "predictions") == []
    assert "No calls in the last 1h." in here.ok("predictions")

    rows = [
        make_row(served_version="v6", routed_version="v6"),
        make_row(score=None, label=None, status_code="UNAVAILABLE", route=None),
        make_row(),
    ]
    store = Store(database_url)
    store.insert(rows)
    store.disconnect()

    calls = as_json(here, "predictions")
    assert [call["prediction_id"] for call in calls] == [
        str(row.prediction_id) for row in reversed(rows)
    ]
    assert all(set(call) == CALL for call in calls)
    assert calls[0]["inputs"] == rows[2].inputs
    assert calls[1]["score"] is None

    lines = here.ok("predictions").splitlines()
    assert len(lines) == 1 + len(rows)
    assert "direct" in lines[2]
    assert len(here.ok("predictions", "--version", "v6").splitlines()) == 2
    assert len(here.ok("predictions", "--limit", "1").splitlines()) == 2


def test_a_log_that_cannot_be_read_is_said(empty_database_url: str, shell: Shell) -> None:
    for url in (empty_database_url, "postgresql://127.0.0.1:1/none"):
        here = Shell(shell.folder, {"WEIGHBRIDGE_DATABASE_URL": url})
        assert "the prediction log cannot be read" in here.fails("predictions")
