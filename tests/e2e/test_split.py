"""A commit moves real calls between two real models."""

import csv
from pathlib import Path

from tests.counting import assert_share
from tests.fix_stack import Stack
from tests.load import load, send

Rows = list[dict[str, object]]


def test_the_command_sends_real_rows_and_counts_the_split(
    stack: Stack, dataset_file: Path, tmp_path: Path
) -> None:
    stack.rollout("set", "10")
    results = tmp_path / "results.csv"

    done = stack.weighbridge("predict", str(dataset_file), "--out", str(results))

    assert done.returncode == 0, done.stdout + done.stderr
    with results.open(newline="") as file:
        answers = list(csv.DictReader(file))
    assert len(answers) == 1000
    assert {answer["code"] for answer in answers} == {"OK"}
    assert_share(sum(answer["served_version"] == "v7" for answer in answers), 1000, 0.10)


def test_a_commit_changes_the_split(stack: Stack, rows: Rows, target: str) -> None:
    for percent, share in (("10", 0.10), ("50", 0.50), ("12.5", 0.125)):
        said = stack.rollout("set", percent)
        counted = send(target, rows)

        assert not counted.errors
        assert_share(counted.versions["v7"], len(rows), share)
        assert counted.versions.total() == counted.versions["v6"] + counted.versions["v7"]
        assert "live" in said


def test_undo_is_a_new_commit_that_brings_the_split_back(
    stack: Stack, rows: Rows, target: str
) -> None:
    stack.rollout("set", "0")
    stack.rollout("set", "100")
    assert send(target, rows[:100]).versions == {"v7": 100}

    stack.rollout("undo")

    assert send(target, rows[:100]).versions == {"v6": 100}


def test_the_answer_names_the_model_of_the_version_that_served(
    stack: Stack, rows: Rows, target: str
) -> None:
    stack.rollout("set", "50")
    for answer in send(target, rows[:200]).predictions:
        assert answer.served_version == f"v{answer.model.version}"
        assert answer.model.name == "LogisticsDelayModel"


def test_no_call_fails_while_the_split_changes_all_the_time(
    stack: Stack, rows: Rows, target: str
) -> None:
    from tests.traffic_commits import TrafficCommits

    commits = TrafficCommits(stack.environment)
    with load(target, rows, rate=150) as counted:
        changes = commits.every(0.2, ["5", "50", "95", "20"], seconds=8)

    assert changes >= 30
    assert not counted.errors
    assert counted.calls > 500
    revisions = {answer.traffic_revision for answer in counted.predictions}
    assert len(revisions) >= 4
