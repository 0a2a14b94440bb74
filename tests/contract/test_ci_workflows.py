"""The workflows do at GitHub what `make` does at home, with no more rights than that takes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

Job = dict[str, Any]
WORKFLOWS = ("ci", "cd")
# Who may do more than read, and what for: cosign's identity, the registry, the overlay's commit.
WRITES = {
    "cd/images": {"id-token", "packages"},
    "cd/staging": {"contents"},
    "cd/production": {"contents"},
    "ci/cd": {"contents", "id-token", "packages"},  # the sum of what it calls
}


def workflow(project: Path, name: str) -> dict[str, Any]:
    path = project / ".github" / "workflows" / f"{name}.yml"
    loaded: dict[str, Any] = YAML(typ="safe").load(path)
    return loaded


@pytest.fixture(scope="module")
def jobs(project: Path) -> dict[str, Job]:
    """Every job, by workflow and name."""
    return {
        f"{name}/{job}": value
        for name in WORKFLOWS
        for job, value in workflow(project, name)["jobs"].items()
    }


@pytest.fixture(scope="module")
def targets(project: Path) -> set[str]:
    """What `make` knows."""
    makefile = (project / "Makefile").read_text()
    return set(re.findall(r"^([\w./-]+):", makefile, re.MULTILINE))


def steps(jobs: dict[str, Job]) -> Iterator[tuple[str, Job]]:
    for name, job in jobs.items():
        for step in job.get("steps", []):
            yield name, step


def test_all_workflows_are_looked_at(project: Path) -> None:
    found = {path.stem for path in (project / ".github" / "workflows").iterdir()}
    assert found == set(WORKFLOWS)


def test_actions_are_pinned_by_commit_and_say_their_version(project: Path) -> None:
    pins: dict[str, set[str]] = {}
    for path in (project / ".github" / "workflows").iterdir():
        for line in path.read_text().splitlines():
            used = re.match(r"\s*(?:- )?uses: (?!\./)(.+)", line)
            if not used:
                continue
            pin = re.fullmatch(r"([\w-]+/[\w-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+", used.group(1))
            assert pin, f"{path.name}: {line.strip()}"
            pins.setdefault(pin.group(1), set()).add(used.group(1))
    assert pins
    assert all(len(one) == 1 for one in pins.values()), pins


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_grants_nothing_by_itself(name: str, project: Path) -> None:
    assert workflow(project, name)["permissions"] == {}


def test_a_job_writes_only_where_it_has_a_reason(jobs: dict[str, Job]) -> None:
    found = {
        name: {right for right, level in job["permissions"].items() if level != "read"}
        for name, job in jobs.items()
    }
    assert {name: rights for name, rights in found.items() if rights} == WRITES


def test_every_job_has_an_end(jobs: dict[str, Job]) -> None:
    for name, job in jobs.items():
        assert "uses" in job or job["timeout-minutes"] <= 60, name


def test_no_token_stays_in_a_checkout(jobs: dict[str, Job]) -> None:
    for name, step in steps(jobs):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False, name


def test_no_text_of_an_event_is_put_into_a_script(jobs: dict[str, Job]) -> None:
    for name, step in steps(jobs):
        assert "${{" not in step.get("run", ""), name


def test_what_runs_is_what_runs_at_home(
    jobs: dict[str, Job], targets: set[str], project: Path
) -> None:
    scripts = " ".join(step.get("run", "") for _, step in steps(jobs))
    used = set(re.findall(r"\bmake \"?([\w./-]+[\w])", scripts))
    assert {"lint", "test", "check-traffic", "check-infrastructure", "test-cluster"} <= used
    # The images' own targets are made by a pattern: image-server and its like.
    assert used - {"image"} <= targets
    for script in re.findall(r"(?:\.ci|k8s)/[\w.-]+(?<!\.)", scripts):
        assert (project / script).exists(), script


def test_a_change_of_traffic_alone_runs_its_check_alone(jobs: dict[str, Job]) -> None:
    def condition(job: Job) -> str:
        return str(job.get("if", ""))

    ci = {name.partition("/")[2]: job for name, job in jobs.items() if name.startswith("ci/")}
    quick = {name for name, job in ci.items() if condition(job).endswith("kind == 'traffic'")}
    full = {name for name, job in ci.items() if condition(job).endswith("kind != 'traffic'")}
    assert quick == {"traffic"}
    assert full == {"lint", "test", "infrastructure", "kind"}
    assert set(ci["passed"]["needs"]) == {"changes"} | quick | full


def test_only_a_commit_with_code_in_it_is_built(jobs: dict[str, Job]) -> None:
    condition = str(jobs["ci/cd"]["if"])
    assert "needs.changes.outputs.kind == 'code'" in condition
    assert "needs.passed.result == 'success'" in condition
    assert "github.event_name == 'push'" in condition
    assert jobs["cd/staging"]["needs"] == "images"
    assert jobs["cd/production"]["environment"] == "production"


def test_the_environments_own_token_reaches_what_is_called(jobs: dict[str, Job]) -> None:
    assert "secrets.DEPLOY_TOKEN" in jobs["cd/staging"]["env"]["GH_TOKEN"]
    assert jobs["ci/cd"]["secrets"] == "inherit", "an environment's secret is empty without it"


def test_the_images_are_the_ones_that_make_builds(jobs: dict[str, Job], project: Path) -> None:
    makefile = (project / "Makefile").read_text()
    built = re.search(r"^IMAGES := (.+)$", makefile, re.MULTILINE)
    assert built
    assert jobs["cd/images"]["strategy"]["matrix"]["image"] == built.group(1).split()
