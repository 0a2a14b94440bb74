"""When an agent's report confirms a state, and what is no report."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import weighbridge_rollout as rollout
from tests.fix_repository import Repository
from weighbridge_ingress import Refused, Report, Running, traffic_digest

NOWHERE = "http://127.0.0.1:1"  # nothing listens there
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


@contextmanager
def agent(report: Report) -> Iterator[str]:
    """Serve a report; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(report.to_json())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_refused_change_gives_the_agents_reason_and_the_way_back(repository: Repository) -> None:
    text = repository.read().replace('"10"', '"30"')
    refused = replace(
        REFUSED, digest=traffic_digest(text), problems=tuple(f"reason {n}" for n in range(31))
    )
    with (
        agent(replace(RUNS, refused=refused)) as url,  # too old to tell which versions it knows
        pytest.raises(rollout.RefusedError, match=r"rollout undo") as refusal,
    ):
        rollout.set_percent(repository.environment(url), 30)
    assert refusal.value.commit.subject == "Give v7 30 % of calls (was 10 %)"
    assert repository.read() == text
    assert str(refusal.value).count("reason") == 5
    assert "and 26 more" in str(refusal.value)


def test_only_versions_that_every_agent_knows_are_taken(
    repository: Repository, tmp_path: Path
) -> None:
    first, second = (("v6", "v7", "v8"), ("v6", "v7"))
    eight = repository.read().replace("canary: v7", "canary: v8")
    file = tmp_path / "traffic.yaml"
    file.write_text(eight)
    with (
        agent(replace(RUNS, known_versions=first)) as wide,
        agent(replace(RUNS, known_versions=second)) as narrow,
        agent(RUNS) as old,
    ):
        assert rollout.check(file, (old, wide, NOWHERE)) == ()
        (problem,) = rollout.check(file, (old, wide, narrow))
        assert "v8 has no cluster in Envoy; known: v6, v7" in problem.message
        assert rollout.check(file, (NOWHERE,)) == ()

        repository.commit_by_hand(eight)
        tip = repository.tip()
        both = repository.environment(wide, narrow)
        with pytest.raises(rollout.InvalidTrafficError, match=r"v8 has no .* known: v6, v7"):
            rollout.set_percent(both, 20, timeout_s=None)
        assert repository.tip() == tip
        lame = repository.environment(NOWHERE)
        assert rollout.set_percent(lame, 20, timeout_s=None).after.canary == "v8"

        repository.commit_by_hand(eight.replace("v8", "v7").replace('"10"', '"40"'))
        change = rollout.undo(both, timeout_s=None)
    assert (change.after.canary, change.after.canary_permille) == ("v7", 100)
    assert len(change.undone) == 3


def test_the_bootstrap_beside_a_file_comes_before_the_agents(
    project: Path, repository: Repository, tmp_path: Path
) -> None:
    file = tmp_path / "envoy" / "traffic" / "local" / "traffic.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(repository.read().replace("canary: v7", "canary: v8"))
    with agent(replace(RUNS, known_versions=("v6", "v8"))) as url:
        assert rollout.check(file, (url,)) == ()
        bootstrap = (project / "envoy" / "bootstrap.yaml").read_text()
        (tmp_path / "envoy" / "bootstrap.yaml").write_text(bootstrap)
        assert "known: v6, v7" in rollout.check(file, (url,))[0].message


def test_status_tells_each_reason_once_and_not_too_many(repository: Repository) -> None:
    keys = "".join(f'  key-{number}: "1"\n' for number in range(31))
    repository.commit_by_hand(repository.read() + keys)
    said = rollout.status(repository.environment()).git.problems
    assert len(said) == 31
    refused = replace(REFUSED, problems=(*said, "and one that only this agent knows"))
    with agent(replace(RUNS, refused=refused)) as url:
        found = rollout.status(repository.environment(url))
    git, told = found.differences
    assert len(git.splitlines()) == 7, git
    assert git.endswith("\n  and 26 more")
    assert told.endswith("refused commit c0ffee: and one that only this agent knows")


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
