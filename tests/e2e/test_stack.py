"""`make up`, `make status`, `make down`: what a newcomer does in the first minutes."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.fix_stack import NewStack, Stack
from tests.load import send

Rows = list[dict[str, object]]


def test_status_tells_of_every_part(stack: Stack) -> None:
    shown = stack.make("status")
    parts = stack.status()
    assert shown.returncode == 0, shown.stdout
    assert set(parts) == {
        "postgres", "s3", "mlflow", "server-v6", "server-v7", "agent", "envoy", "shipper",
    }  # fmt: skip
    for part in parts.values():
        assert part["state"] == "running"
        assert Path(str(part["log"])).exists()
        assert str(part["pid"]) in shown.stdout


def test_up_starts_again_what_has_died_and_nothing_else(stack: Stack) -> None:
    before = {name: part["pid"] for name, part in stack.status().items()}
    for part in ("agent", "s3"):
        os.kill(stack.pid(part), signal.SIGKILL)
    assert stack.make("status").returncode == 1

    assert stack.make("up").returncode == 0

    after = {name: part["pid"] for name, part in stack.status().items()}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"agent", "s3"}


def test_up_ends_what_a_killed_part_has_left_behind(stack: Stack) -> None:
    """MLflow's own child goes on serving, and holding the port, when MLflow is killed."""
    os.kill(stack.pid("mlflow"), signal.SIGKILL)

    again = stack.make("up")

    assert again.returncode == 0, again.stdout
    assert stack.status()["mlflow"]["state"] == "running"


def test_down_and_up_again_keeps_everything(stack: Stack, rows: Rows, target: str) -> None:
    stack.rollout("set", "25")
    sent = {one.prediction_id for one in send(target, rows[:100]).predictions}
    commits = stack.rollout("history", "--output", "json")

    assert stack.make("down").returncode == 0
    assert {part["state"] for part in stack.status().values()} == {"stopped"}
    again = stack.make("up")
    assert again.returncode == 0, again.stdout

    assert stack.rollout("history", "--output", "json") == commits
    with psycopg.connect(stack.environment["WEIGHBRIDGE_DATABASE_URL"]) as connection:
        query = "SELECT count(*) FROM calls WHERE prediction_id = ANY(%s::uuid[])"
        assert connection.execute(query, (list(sent),)).fetchone() == (100,)
    assert {version for version, _ in registered(stack)} == {str(n) for n in range(1, 8)}
    assert not send(target, rows[:50]).errors


def test_the_registry_holds_seven_versions_and_two_aliases(stack: Stack) -> None:
    versions = dict(registered(stack))
    assert set(versions) == {str(n) for n in range(1, 8)}
    assert versions["6"] == ["production"]
    assert versions["7"] == ["experiment"]


def registered(stack: Stack) -> list[tuple[str, list[str]]]:
    from mlflow import MlflowClient

    client = MlflowClient(stack.environment["MLFLOW_TRACKING_URI"])
    found = client.search_model_versions("name='LogisticsDelayModel'")
    aliases = client.get_registered_model("LogisticsDelayModel").aliases
    return [
        (str(one.version), [name for name, of in aliases.items() if str(of) == str(one.version)])
        for one in found
    ]


def test_a_taken_port_is_named_and_nothing_is_left_running(
    new_stack: NewStack, tmp_path: Path
) -> None:
    other = new_stack(tmp_path / "other")
    with socket.create_server(
        ("127.0.0.1", int(other.settings["WEIGHBRIDGE_MLFLOW_PORT"]))
    ) as held:
        done = other.make("up")
        port = held.getsockname()[1]
    assert done.returncode == 1
    assert f"Port {port}, for MLflow, is taken" in done.stdout
    assert "WEIGHBRIDGE_MLFLOW_PORT=" in done.stdout
    assert {part["state"] for part in other.status().values()} == {"stopped"}


def test_two_parts_on_one_port_are_refused(new_stack: NewStack, tmp_path: Path) -> None:
    other = new_stack(tmp_path / "other")
    other.settings["WEIGHBRIDGE_V7_PORT"] = other.settings["WEIGHBRIDGE_V6_PORT"]
    done = other.make("up")
    assert done.returncode == 1
    assert "WEIGHBRIDGE_V6_PORT and WEIGHBRIDGE_V7_PORT are both" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_an_interrupted_start_leaves_nothing_running(
    new_stack: NewStack, tmp_path: Path, number: signal.Signals
) -> None:
    other = new_stack(tmp_path / "other")
    command = [sys.executable, "-m", "weighbridge_stack", "up"]
    environment = {**os.environ, **other.settings}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as starting:
        assert starting.stdout
        for line in starting.stdout:
            if "PostgreSQL" in line:
                break
        starting.send_signal(number)
        starting.send_signal(number)
        rest = starting.stdout.read()
    assert starting.returncode == 130, rest
    assert "Interrupted" in rest
    assert {part["state"] for part in other.status().values()} == {"stopped"}
    assert not [one for one in psutil.process_iter() if str(other.home) in words(one)]


def words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def test_two_commands_at_once_do_not_mix(stack: Stack) -> None:
    with (stack.home / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = stack.make("down")
    assert done.returncode == 1
    assert "Another `make up` or `make down` is at work" in done.stdout
    assert stack.make("status").returncode == 0


def test_a_message_is_shown_as_it_is(new_stack: NewStack, tmp_path: Path) -> None:
    """Envoy's logs, too, have brackets, which a terminal library would take for its markup."""
    other = new_stack(tmp_path / "other", WEIGHBRIDGE_TRAINING_DATA=str(tmp_path / "[/none].csv"))
    done = other.make("up")
    assert done.returncode == 1
    assert "[/none].csv" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert {part["state"] for part in other.status().values()} == {"stopped"}


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("WEIGHBRIDGE_S3_PORT", "many", "WEIGHBRIDGE_S3_PORT"),
        ("WEIGHBRIDGE_HOME", "/proc/nowhere", "can't be written to"),
        ("WEIGHBRIDGE_BIND", "203.0.113.9", "WEIGHBRIDGE_BIND=203.0.113.9 is no address"),
        ("WEIGHBRIDGE_TRAINING_DATA", "/no/such.csv", "WEIGHBRIDGE_TRAINING_DATA"),
    ],
)
def test_a_bad_setting_is_named(
    new_stack: NewStack, tmp_path: Path, setting: str, value: str, said: str
) -> None:
    other = new_stack(tmp_path / "other", **{setting: value})
    done = other.make("up")
    assert done.returncode in (1, 2)
    assert said in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.timeout(180)
def test_two_stacks_run_beside_each_other(
    stack: Stack, rows: Rows, target: str, new_stack: NewStack, tmp_path: Path
) -> None:
    # A folder with a space, and open to other machines, since each changes the paths taken.
    open_to_all = {"WEIGHBRIDGE_BIND": "0.0.0.0", "WEIGHBRIDGE_TRAINING_ROWS": "2000"}
    other = new_stack(tmp_path / "the other", **open_to_all)
    try:
        done = other.make("up")
        assert done.returncode == 0, done.stdout + done.stderr
        other.rollout("set", "100")
        stack.rollout("set", "0")
        assert send(other.environment["WEIGHBRIDGE_TARGET"], rows[:50]).versions == {"v7": 50}
        assert send(target, rows[:50]).versions == {"v6": 50}
        assert_pods_may_connect(other)
    finally:
        other.make("down")
    assert stack.make("status").returncode == 0


def assert_pods_may_connect(stack: Stack) -> None:
    """PostgreSQL lets in owners from anywhere, its superuser only from here; MLflow knows us."""
    secrets = json.loads((stack.home / "secrets.json").read_text())
    password, port = secrets["postgres_admin_password"], stack.settings["WEIGHBRIDGE_POSTGRES_PORT"]
    with psycopg.connect(f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres") as admin:
        rules = admin.execute(
            "SELECT user_name[1], address, auth_method FROM pg_hba_file_rules ORDER BY rule_number"
        ).fetchall()
    assert rules == [
        ("all", "samehost", "scram-sha-256"),
        ("postgres", "all", "reject"),
        ("all", "all", "scram-sha-256"),
    ]
    mlflow = stack.environment["MLFLOW_TRACKING_URI"]
    name = f"host.docker.internal:{stack.settings['WEIGHBRIDGE_MLFLOW_PORT']}"
    request = urllib.request.Request(f"{mlflow}/health", headers={"Host": name})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
