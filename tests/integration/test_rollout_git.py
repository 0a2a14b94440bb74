"""Writes to real Git repositories."""

import itertools
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import weighbridge_rollout as rollout
from tests.fix_repository import FOLDER, TRAFFIC, Repository


def percents(repository: Repository) -> list[tuple[str, str]]:
    """Before and after of each commit, newest first."""
    return [
        (rollout.describe_split(entry.before), rollout.describe_split(entry.after))
        for entry in rollout.history(repository.environment())
    ]


def test_set_is_a_commit_of_one_line_that_explains_itself(repository: Repository) -> None:
    change = rollout.set_percent(
        repository.environment(), 25, reason="A week at 10 % without a complaint."
    )

    assert repository.changed_lines() == [
        '-  canary-percent:   "10"  # 0 to 100, tenths allowed',
        '+  canary-percent:   "25"  # 0 to 100, tenths allowed',
    ]
    assert repository.message().rstrip() == (
        "Give v7 25 % of calls (was 10 %)\n\n"
        "A week at 10 % without a complaint.\n\n"
        "v6 answers the other 75 %. Environment: local.\n\n"
        "Weighbridge-Stable: v6\n"
        "Weighbridge-Canary: v7\n"
        "Weighbridge-Canary-Percent: 25\n"
        "Weighbridge-Previous-Percent: 10"
    )
    assert change.commit is not None
    assert change.commit.sha == repository.tip()
    assert change.commit.trailers["Weighbridge-Canary-Percent"] == ("25",)
    assert change.live_s is None, "no agent was there to confirm it"


def test_setting_what_is_set_writes_nothing(repository: Repository) -> None:
    tip = repository.tip()
    assert rollout.set_percent(repository.environment(), "10.0").commit is None
    assert repository.tip() == tip


@pytest.mark.parametrize("percent", ["101", "-1", "12.34", "many", "nan"])
def test_a_share_that_cannot_be_is_refused_before_anything_is_written(
    repository: Repository, percent: str
) -> None:
    tip = repository.tip()
    with pytest.raises(rollout.InvalidTrafficError, match=percent):
        rollout.set_percent(repository.environment(), percent)
    assert repository.tip() == tip


def test_a_broken_file_is_not_built_upon(repository: Repository) -> None:
    repository.commit_by_hand(TRAFFIC.replace('"10"', '"110"'))
    with pytest.raises(rollout.InvalidTrafficError, match="canary-percent"):
        rollout.set_percent(repository.environment(), 25)


def test_a_reason_cannot_forge_a_trailer(repository: Repository) -> None:
    rollout.set_percent(repository.environment(), 25, reason="x\n\nWeighbridge-Undoes: 0123")
    (entry, *_) = rollout.history(repository.environment())
    assert "Weighbridge-Undoes" not in entry.commit.trailers


def test_writers_at_once_lose_no_update(repository: Repository) -> None:
    def write(percent: int) -> str:
        try:
            rollout.set_percent(repository.environment(), percent)
        except rollout.MovedError as error:
            return str(error)
        return "won"

    wanted = (20, 30, 40, 50)
    with ThreadPoolExecutor(len(wanted)) as pool:
        results = list(pool.map(write, wanted))

    # Each commit builds on the one before it, and each writer either made one or was told why not.
    steps = percents(repository)
    assert len(steps) == 1 + results.count("won")
    assert all(newer[0] == older[1] for newer, older in itertools.pairwise(steps))
    assert results.count("won") >= 1
    assert all("Give v7" in result for result in results if result != "won"), results


def test_a_moved_branch_is_no_obstacle_while_the_file_stands(repository: Repository) -> None:
    def write_other(number: int) -> None:
        repository.commit_by_hand(f"{number}\n", path=f"notes/{number}")

    with ThreadPoolExecutor(1) as pool:
        others = pool.map(write_other, range(6))
        for percent in range(20, 26):
            rollout.set_percent(repository.environment(), percent)
        list(others)

    assert repository.commits() == 13
    assert len(percents(repository)) == 7


def test_history_tells_who_did_what(repository: Repository) -> None:
    repository.commit_by_hand(TRAFFIC.replace('"10"', '"40"'), "Trust v7 more")
    rollout.set_percent(repository.environment(), 12.5)
    set_entry, hand_entry, first = rollout.history(repository.environment())

    assert hand_entry.commit.author == "Ada Hand"
    assert hand_entry.commit.subject == "Trust v7 more"
    assert hand_entry.commit.when.tzinfo is not None
    assert rollout.describe_split(set_entry.before) == "v7 40 % beside v6"
    assert rollout.describe_split(set_entry.after) == "v7 12.5 % beside v6"
    assert first.before is None
    assert rollout.history(repository.environment(), limit=1) == (set_entry,)


def test_a_revert_by_hand_is_an_undo(repository: Repository) -> None:
    environment = repository.environment()
    rollout.set_percent(environment, 20)
    bad = rollout.set_percent(environment, 90)
    assert bad.commit
    revert = repository.revert_by_hand(bad.commit.sha)

    assert [entry.stands for entry in rollout.history(environment)] == [False, False, True, True]
    assert revert == repository.tip()
    rollout.undo(environment)
    assert repository.read() == TRAFFIC, "the bad split does not come back"


def test_a_file_that_one_edit_would_change_twice_is_left_alone(repository: Repository) -> None:
    shared = TRAFFIC.replace('  "10"', '  &share "0"').replace("'0'", "*share")
    tip = repository.commit_by_hand(shared)
    with pytest.raises(rollout.InvalidTrafficError, match="by hand"):
        rollout.set_percent(repository.environment(), 25)
    assert repository.tip() == tip


@pytest.mark.parametrize("partial", [True, False])
def test_a_host_may_know_partial_clones_or_not(repository: Repository, partial: bool) -> None:
    allow = ["git", "-C", str(repository.bare), "config", "uploadpack.allowFilter", str(partial)]
    subprocess.run(allow, check=True)
    repository.commit_by_hand("other\n", path="notes/other")
    url = repository.bare.as_uri()
    environment = rollout.Environment("local", url, "main", FOLDER)

    rollout.set_percent(environment, 25)
    rollout.undo(environment)

    assert repository.read() == TRAFFIC
    assert repository.read("notes/other") == "other\n"
    assert len(rollout.history(environment)) == 3


def test_a_merge_is_one_change(repository: Repository) -> None:
    git = ["git", "-c", "user.name=Bo", "-c", "user.email=bo@example.org"]
    work = {"cwd": repository.work, "check": True, "capture_output": True}
    subprocess.run([*git, "checkout", "-b", "step"], **work)  # type: ignore[call-overload]
    file = repository.work / FOLDER / "traffic.yaml"
    for percent in (20, 30):
        file.write_text(TRAFFIC.replace('"10"', f'"{percent}"'))
        subprocess.run([*git, "commit", "-am", f"try {percent}"], **work)  # type: ignore[call-overload]
    subprocess.run([*git, "checkout", "main"], **work)  # type: ignore[call-overload]
    merge = [*git, "merge", "--no-ff", "-m", "Merge step"]
    subprocess.run([*merge, "step"], **work)  # type: ignore[call-overload]
    subprocess.run([*git, "push", "origin", "main"], **work)  # type: ignore[call-overload]

    assert percents(repository)[0] == ("v7 10 % beside v6", "v7 30 % beside v6")
    rollout.undo(repository.environment())
    assert repository.read() == TRAFFIC


def test_a_missing_repository_is_said(tmp_path: Path) -> None:
    environment = rollout.Environment("x", str(tmp_path / "gone.git"), "main", "a/b")
    with pytest.raises(rollout.RepositoryMissingError, match=r"gone\.git.*make up"):
        rollout.history(environment)


def test_a_missing_branch_and_a_missing_file_are_said(repository: Repository) -> None:
    bare = str(repository.bare)
    with pytest.raises(rollout.RepositoryMissingError, match="WEIGHBRIDGE_TRAFFIC_BRANCH"):
        rollout.undo(rollout.Environment("x", bare, "elsewhere", FOLDER))
    with pytest.raises(rollout.RepositoryMissingError, match="WEIGHBRIDGE_TRAFFIC_PATH"):
        rollout.set_percent(rollout.Environment("x", bare, "main", "other/folder"), 1)


def test_an_unreachable_host_is_said() -> None:
    # .invalid never resolves, port 1 of this machine never answers.
    for url in ("https://git.invalid/traffic.git", "git://127.0.0.1:1/traffic.git"):
        with pytest.raises(rollout.UnreachableError, match="network"):
            rollout.status(rollout.Environment("x", url, "main", FOLDER))


def test_a_refused_push_gives_the_hosts_own_reason(repository: Repository) -> None:
    script = "echo 'main is protected: open a pull request' >&2\nexit 1"
    repository.write_hook("pre-receive", script)
    with pytest.raises(rollout.AccessDeniedError, match="open a pull request"):
        rollout.set_percent(repository.environment(), 25)
