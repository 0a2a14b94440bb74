"""The rollout commands against a real agent and Envoy, found by the stack's own file."""

import json
from pathlib import Path

import pytest

from tests.counting import eventually
from tests.fix_cli import Shell
from tests.ingress import FOLDER, Ingress
from tests.traffic_commits import traffic_file


@pytest.fixture
def stack_shell(ingress: Ingress, tmp_path: Path) -> Shell:
    """A folder below one that has a .weighbridge/env, as `make up` leaves it."""
    ingress.set_traffic("10")
    (tmp_path / ".weighbridge").mkdir()
    (tmp_path / ".weighbridge" / "env").write_text(
        "# written by make up\n"
        f"export WEIGHBRIDGE_TRAFFIC_REPO='{ingress.home}/traffic.git'\n"
        f"export WEIGHBRIDGE_TRAFFIC_PATH={FOLDER}\n"
        f"export WEIGHBRIDGE_AGENTS=http://127.0.0.1:{ingress.ports['report']}\n"
        f'export WEIGHBRIDGE_TARGET="{ingress.target}"\n'
        f"export WEIGHBRIDGE_PIN_KEY={ingress.key_file}\n"
    )
    folder = tmp_path / "some" / "folder"
    folder.mkdir(parents=True)
    return Shell(folder)


def test_set_status_history_undo(stack_shell: Shell) -> None:
    said = stack_shell.ok("rollout", "set", "25", "--reason", "Looks good")
    assert "v7 10 % beside v6 → v7 25 % beside v6" in said
    assert "live after" in said

    assert "already" in stack_shell.ok("rollout", "set", "25 %")

    status = stack_shell.ok("rollout", "status")
    assert status.count("v7 25 % beside v6") == 2, "by Git, and by Envoy"
    assert "agree" in status

    assert "took back" in stack_shell.ok("rollout", "undo")

    lines = stack_shell.ok("rollout", "history", "--limit", "2").splitlines()
    assert "Undo: back to v7 10 % (was 25 %)" in lines[1]
    assert "Give v7 25 % of calls (was 10 %)" in lines[2]
    assert len(lines) == 3


def test_a_program_reads_the_same_as_json(stack_shell: Shell) -> None:
    change = json.loads(stack_shell.ok("rollout", "set", "30", "-o", "json"))
    assert change["after"]["canary_permille"] == 300
    assert change["live_s"] > 0

    status = json.loads(stack_shell.ok("rollout", "status", "-o", "json"))
    assert status["agree"] is True
    assert status["agents"][0]["report"]["running"]["weights"] == {"v6": 700, "v7": 300}
    assert status["git"]["commit"]["sha"] == change["commit"]["sha"]

    (entry,) = json.loads(stack_shell.ok("rollout", "history", "-n", "1", "-o", "json"))
    assert entry["commit"]["trailers"]["Weighbridge-Canary-Percent"] == ["30"]
    stack_shell.ok("rollout", "undo", "--no-wait")


def test_status_says_what_was_refused_and_fails(stack_shell: Shell, ingress: Ingress) -> None:
    commit = ingress.commits.commit(traffic_file("lots"))

    def refused() -> None:
        said = stack_shell.fails("rollout", "status")
        assert f"refused commit {commit[:10]}" in said
        assert "canary-percent" in said

    eventually(refused, within_s=10)
    assert stack_shell.fails("rollout", "status").count("canary-percent:") == 1
    assert "refuse this traffic file" in stack_shell.fails("rollout", "set", "20")
    stack_shell.ok("rollout", "undo")


def test_the_process_s_own_variables_come_first(stack_shell: Shell) -> None:
    elsewhere = Shell(stack_shell.folder, {"WEIGHBRIDGE_TRAFFIC_REPO": "/no/such/traffic.git"})
    assert "/no/such/traffic.git" in elsewhere.fails("rollout", "history")


def test_check_names_line_and_rule(shell: Shell) -> None:
    file = shell.folder / "traffic.yaml"
    file.write_text(traffic_file("10"))
    assert "fine" in shell.ok("rollout", "check", "traffic.yaml")

    file.write_text(traffic_file("110"))
    assert "traffic.yaml:8: canary-percent" in shell.fails("rollout", "check", "traffic.yaml")
    assert "missing.yaml" in shell.fails("rollout", "check", "missing.yaml")


def test_check_asks_the_agents_which_versions_there_are(stack_shell: Shell) -> None:
    file = stack_shell.folder / "traffic.yaml"
    file.write_text(traffic_file("10").replace("canary: v7", "canary: v8"))
    assert "known: v6, v7" in stack_shell.fails("rollout", "check", "traffic.yaml")
    nobody = Shell(stack_shell.folder, {"WEIGHBRIDGE_AGENTS": "http://127.0.0.1:1"})
    assert "fine" in nobody.ok("rollout", "check", "traffic.yaml")


def test_where_no_stack_is_known_make_up_is_named(shell: Shell) -> None:
    for command in (("rollout", "status"), ("predict", "x.csv"), ("token", "create", "--for", "x")):
        said = shell.fails(*command)
        assert "make up" in said
        assert len(said.splitlines()) == 2
    assert "make up" in shell.ok("env")


def test_wrong_usage_is_2(shell: Shell) -> None:
    for command in (("rollout", "sett"), ("model", "pin", "v7"), ("predict",)):
        assert shell.run(*command).returncode == 2
    done = Shell(shell.folder, {"WEIGHBRIDGE_PIN_KEY": "k"}).run(
        "token", "create", "--for", "x", "--ttl", "long"
    )
    assert done.returncode == 2
    assert "8h" in done.stderr
    done = Shell(shell.folder, {"WEIGHBRIDGE_PIN_KEY": "k"}).run(
        "token", "create", "--for", "x", "--ttl", "31d"
    )
    assert done.returncode == 2
    assert "30d" in done.stderr


def test_env_tells_where_each_address_is_from(stack_shell: Shell) -> None:
    mine = Shell(
        stack_shell.folder,
        {
            "WEIGHBRIDGE_TARGET": "other:1",
            "WEIGHBRIDGE_TRAFFIC_REPO": "https://ada:s3cr3t@git.example.org/traffic.git",
            "WEIGHBRIDGE_STICKY_SALT": "s3cr3t",
            "MLFLOW_TRACKING_URI": "http://ada:s3cr3t@127.0.0.1:5001",
            "AWS_SECRET_ACCESS_KEY": "s3cr3t",
        },
    )
    rows = {row["name"]: row for row in json.loads(mine.ok("env", "-o", "json"))}
    assert rows["WEIGHBRIDGE_TARGET"]["value"] == "other:1"
    assert rows["WEIGHBRIDGE_TARGET"]["source"] == "the environment"
    assert rows["WEIGHBRIDGE_AGENTS"]["source"].endswith(".weighbridge/env")
    assert "s3cr3t" not in json.dumps(rows)
    assert rows["WEIGHBRIDGE_TRAFFIC_REPO"]["value"] == "https://git.example.org/traffic.git"
