"""What commits say and how little they change."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import weighbridge_rollout as rollout


@pytest.mark.parametrize(("permille", "text"), [(0, "0"), (5, "0.5"), (250, "25"), (1000, "100")])
def test_percent_is_written_as_people_write_it(permille: int, text: str) -> None:
    assert rollout.format_percent(permille) == text


@settings(deadline=None)  # the first call imports scipy
@given(st.integers(1, 400), st.data())
def test_the_interval_holds_the_share_and_narrows_with_confidence(
    trials: int, data: st.DataObject
) -> None:
    successes = data.draw(st.integers(0, trials))
    low, high = rollout.binomial_interval(successes, trials)
    wide_low, wide_high = rollout.binomial_interval(successes, trials, 0.9999)
    assert 0 <= wide_low <= low <= successes / trials <= high <= wide_high <= 1


def test_the_interval_is_the_exact_one() -> None:
    # Clopper and Pearson's own kind of table: 10 of 100.
    low, high = rollout.binomial_interval(10, 100)
    assert low == pytest.approx(0.0490, abs=5e-5)
    assert high == pytest.approx(0.1762, abs=5e-5)
    assert rollout.binomial_interval(0, 0) == (0.0, 1.0)


def test_environment_is_read_from_variables() -> None:
    environment = rollout.Environment.from_variables(
        {
            "WEIGHBRIDGE_TRAFFIC_REPO": "https://ada:secret@git.example.org/traffic.git",
            "WEIGHBRIDGE_TRAFFIC_PATH": "envoy/traffic/staging/",
            "WEIGHBRIDGE_AGENTS": "http://a:9903/, http://b:9903",
        }
    )
    assert environment.name == "staging"
    assert environment.branch == "main"
    assert environment.traffic_file == "envoy/traffic/staging/traffic.yaml"
    assert environment.agents == ("http://a:9903", "http://b:9903")
    assert environment.place == "main of https://git.example.org/traffic.git"


@pytest.mark.parametrize("path", ["", "/etc", "../elsewhere"])
def test_a_folder_outside_the_repository_is_refused(path: str) -> None:
    variables = {"WEIGHBRIDGE_TRAFFIC_REPO": "x", "WEIGHBRIDGE_TRAFFIC_PATH": path}
    with pytest.raises(rollout.SettingsError, match="WEIGHBRIDGE_TRAFFIC_PATH"):
        rollout.Environment.from_variables(variables)


def test_the_facade_is_sorted_and_complete() -> None:
    assert rollout.__all__ == sorted(rollout.__all__, key=lambda name: (name[0].islower(), name))
    assert all(hasattr(rollout, name) for name in rollout.__all__)
