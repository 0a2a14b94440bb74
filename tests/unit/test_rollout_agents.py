"""When an agent's report confirms a state, and what is no report."""

import socket
import threading
from dataclasses import replace

import pytest

import weighbridge_rollout as rollout
from tests.fix_repository import Repository
from weighbridge_ingress import Refused, Report, Running

REFUSED = Refused(source="c0ffee", at="", problems=("traffic.yaml:5: …",), digest="0123456789ab")
RUNS = Report(
    agent="a",
    at="",
    wanted=None,
    running=Running(revision="abc", weights={"v6": 900, "v7": 100}, since=""),
    in_step=True,
    refused=None,
    error=None,
    repairs=0,
    calls=None,
)


@pytest.mark.parametrize(
    ("report", "confirms"),
    [
        (RUNS, True),
        (replace(RUNS, running=None), False),
        (replace(RUNS, running=Running("other", {}, "")), False),
        (replace(RUNS, in_step=False), False),
        (replace(RUNS, refused=REFUSED), False),
        (None, False),
    ],
)
def test_an_agent_confirms_what_it_runs_wants_and_has_not_refused(
    report: Report | None, confirms: bool
) -> None:
    assert rollout.AgentState("http://a:9903", report, None).confirms("abc") is confirms


def test_what_is_no_agent_is_said(repository: Repository) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-other\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        port = server.getsockname()[1]
        found = rollout.status(repository.environment(f"http://127.0.0.1:{port}"))
        thread.join(timeout=10)
    assert "gives no report" in found.differences[0]
