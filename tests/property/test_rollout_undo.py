"""Undo after undo leads back through every state that a person or the command made."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import weighbridge_rollout as rollout
from tests.fix_repository import TRAFFIC, Repository, new_repository

VALID = st.integers(0, 4).map(lambda step: TRAFFIC.replace('"10"', f'"{step * 20}"'))
BROKEN = st.sampled_from(["not a traffic file\n", TRAFFIC.replace("canary: v7", "canary: v6")])
STEP = st.one_of(
    st.tuples(st.just("set"), st.integers(0, 4).map(lambda step: step * 20)),
    st.tuples(st.just("hand"), st.one_of(VALID, VALID.map(lambda text: text + "# note\n"), BROKEN)),
    st.tuples(st.just("undo"), st.none()),
    st.tuples(st.just("revert"), st.none()),
)


def is_valid(text: str) -> bool:
    return text.startswith("# Who") and "canary: v6" not in text


class Model:
    """What the file must say after each step: a stack of the states before each change."""

    def __init__(self) -> None:
        self.now = TRAFFIC
        self.earlier: list[str] = []
        self.before_newest: str | None = None
        self.newest_stands = False

    def change(self, text: str) -> None:
        if text != self.now:
            self.earlier.append(self.now)
            self._move(text, stands=True)

    def revert(self) -> bool:
        """Take back the newest commit, whatever it did; False if there is none to take back."""
        if self.before_newest is None:
            return False
        if self.newest_stands:  # then this is an undo, else a change back to what was undone
            self._move(self.earlier.pop(), stands=False)
        else:
            self.change(self.before_newest)
        return True

    def _move(self, text: str, *, stands: bool) -> None:
        self.before_newest, self.now, self.newest_stands = self.now, text, stands

    def undo(self) -> bool:
        """Step back to the newest earlier state that is valid and another one; False if none."""
        for index in reversed(range(len(self.earlier))):
            if is_valid(self.earlier[index]) and self.earlier[index] != self.now:
                self._move(self.earlier[index], stands=False)
                del self.earlier[index:]
                return True
        return False


def apply(repository: Repository, model: Model, step: tuple[str, object]) -> None:
    kind, value = step
    environment = repository.environment()
    if kind == "undo":
        if model.undo():
            rollout.undo(environment)
        else:
            with pytest.raises(rollout.NothingToUndoError):
                rollout.undo(environment)
    elif kind == "revert":
        if model.revert():
            repository.revert_by_hand()
    elif kind == "hand":
        text = str(value)
        if text != model.now:
            repository.commit_by_hand(text)
        model.change(text)
    elif is_valid(model.now):
        rollout.set_percent(environment, int(str(value)))
        model.change(repository.read())
        assert f'"{value}"' in model.now
    else:
        with pytest.raises(rollout.InvalidTrafficError):
            rollout.set_percent(environment, int(str(value)))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, min_size=3, max_size=8))
def test_undo_walks_back_through_every_state(steps: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = new_repository(Path(folder))
        model = Model()
        for step in steps:
            apply(repository, model, step)
            assert repository.read() == model.now
        while model.undo():
            rollout.undo(repository.environment())
            assert repository.read() == model.now
        with pytest.raises(rollout.NothingToUndoError):
            rollout.undo(repository.environment())
