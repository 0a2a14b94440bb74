"""docs/your-own-model.md, followed word for word: from a fresh clone to rows in `calls`."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
from sklearn.datasets import load_breast_cancer  # type: ignore[import-untyped]

from tests.counting import assert_share, eventually
from tests.fix_clone import Clone, NewClone
from tests.fix_stack import NewStack, Stack
from tests.pages import steps
from weighbridge import Client, FailedPrecondition

CALLS = 569

pytestmark = pytest.mark.timeout(180)


class Reader:
    """Somebody who follows the page, heading by heading, and remembers what was printed."""

    def __init__(self, page: Path, clone: Clone, stack: Stack) -> None:
        self.clone, self.stack = clone, stack
        self._steps = steps(page)
        self._printed: dict[str, str] = {}

    def read(self, heading: str) -> str:
        """Do what the page says up to and with a heading; return what was printed under it."""
        for title in self._steps:
            if title not in self._printed:
                self._printed[title] = self._follow(title)
            if title == heading:
                return self._printed[title]
        raise AssertionError(f"the page has no {heading}")

    def repeat(self, heading: str) -> str:
        """Do again what the page says under a heading."""
        return self._follow(heading)

    def _follow(self, title: str) -> str:
        printed = ""
        for step in self._steps[title]:
            if step.file is None:
                printed += self.clone.type(step.text)
            else:
                (self.clone.folder / step.file).write_text(step.text)
        return printed


@pytest.fixture(scope="module")
def reader(
    project: Path,
    new_clone: NewClone,
    new_stack: NewStack,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("own-model") / "clone"
    stack = new_stack(folder / ".weighbridge")
    clone = new_clone(folder, stack.settings)
    try:
        yield Reader(project / "docs" / "your-own-model.md", clone, stack)
    finally:
        clone.type("make down")


def answered(printed: str) -> dict[str, int]:
    """Read what ask.py says of who answered."""
    (line,) = (line for line in printed.splitlines() if line.startswith("{"))
    counts: dict[str, int] = ast.literal_eval(line)
    return counts


def test_the_clone_gets_versions_of_its_own(reader: Reader) -> None:
    reader.read("1. Versions of your own")
    assert reader.clone.type("git status --porcelain") == ""
    assert (reader.clone.folder / "k8s" / "base" / "v1").is_dir()
    assert not (reader.clone.folder / "k8s" / "base" / "v6").exists()


def test_it_starts_without_training(reader: Reader) -> None:
    printed = reader.read("2. Start")
    assert "weighbridge model register FILE.onnx --name Tumour" in printed
    assert "weighbridge model pin v2 --version 2 --model Tumour" in printed
    states = {line.split()[0]: line.split()[1:3] for line in printed.splitlines() if line.strip()}
    assert states["server-v1"] == states["server-v2"] == ["not", "pinned"]
    assert states["envoy"][0] == "running"
    assert not (reader.stack.home / "data").exists()


def test_two_versions_are_registered(reader: Reader) -> None:
    trained = reader.read("3. Train and export")
    printed = reader.read("4. Register")
    assert [line.split(",")[0] for line in printed.splitlines() if "SHA-256" in line] == [
        "Tumour version 1",
        "Tumour version 2",
    ]
    assert "Next: weighbridge model pin v2 --version 2 --model Tumour" in printed
    assert "the score is probabilities[1]" in printed
    assert len(trained.splitlines()) == 2


def test_pinned_versions_are_served(reader: Reader) -> None:
    printed = reader.read("5. Pin, and serve")
    assert re.search(r"^model +Tumour 1 *$", printed, re.MULTILINE)
    parts = json.loads(reader.clone.type(".venv/bin/python -m weighbridge_stack status --json"))
    states = {part["name"]: part["state"] for part in parts}
    assert states["server-v1"] == states["server-v2"] == "running"


def test_an_unmodified_client_is_answered_by_the_stable_version(reader: Reader) -> None:
    assert answered(reader.read("6. Call")) == {"v1": CALLS}


def test_a_call_of_the_typed_service_is_refused_with_the_reason(
    reader: Reader, rows: list[dict[str, object]]
) -> None:
    reader.read("6. Call")
    with (
        Client(reader.clone.environ["WEIGHBRIDGE_TARGET"]) as client,
        pytest.raises(FailedPrecondition) as refusal,
    ):
        client.predict(rows[0])
    assert "'X'" in refusal.value.details


def test_a_tenth_goes_to_the_canary_and_is_counted(reader: Reader) -> None:
    printed = reader.read("7. Split")
    counts = answered(printed)
    assert sum(counts.values()) == CALLS
    assert_share(counts["v2"], CALLS, 0.1)
    status = json.loads(reader.clone.type(".venv/bin/weighbridge rollout status -o json"))
    assert status["agree"]
    assert status["counted"]["calls"] == CALLS
    assert status["counted"]["canary_calls"] == counts["v2"]


def test_a_token_asks_one_version(reader: Reader) -> None:
    assert answered(reader.read("8. Ask one version")) == {"v2": CALLS}


def test_every_call_is_a_row_with_the_inputs_by_name(reader: Reader) -> None:
    reader.read("9. Look at the rows")
    counts = answered(reader.read("7. Split"))

    def all_are_there() -> None:
        table = reader.repeat("9. Look at the rows").splitlines()[2:-2]
        rows = {tuple(cell.strip() for cell in line.split("|"))[1:5] for line in table}
        assert rows == {
            ("v1", "weight", *[str(CALLS + counts["v1"])] * 2),
            ("v2", "pin", *[str(CALLS)] * 2),
            ("v2", "weight", *[str(counts["v2"])] * 2),
        }

    eventually(all_are_there, within_s=20)


def test_a_row_holds_what_was_sent_and_answered(reader: Reader) -> None:
    reader.read("8. Ask one version")
    data = load_breast_cancer()

    def all_are_there() -> None:
        with psycopg.connect(reader.clone.environ["WEIGHBRIDGE_DATABASE_URL"]) as connection:
            rows = connection.execute(
                "SELECT inputs, score, label, model_name, model_version, status_code, kind"
                " FROM calls WHERE route = 'pin' ORDER BY prediction_id"
            ).fetchall()
        assert len(rows) == CALLS
        for sent, (inputs, score, label, *said) in zip(data.data, rows, strict=True):
            assert inputs.keys() == {"X"}
            assert np.array_equal(np.float32(inputs["X"]), np.float32(sent))
            assert label == (score >= 0.5)
            assert said == ["Tumour", "2", "OK", "call"]
        right = [
            label == (benign == 0)
            for benign, (_, _, label, *_) in zip(data.target, rows, strict=True)
        ]
        assert sum(right) / CALLS > 0.95

    eventually(all_are_there, within_s=20)


def test_the_split_is_taken_back(reader: Reader) -> None:
    printed = reader.read("10. Back")
    assert "took back" in printed
    assert "Give v2 10 % of calls" in printed
    assert answered(reader.repeat("6. Call")) == {"v1": CALLS}
