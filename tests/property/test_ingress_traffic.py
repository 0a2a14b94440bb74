"""What holds of every traffic, whatever its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from weighbridge_ingress import Traffic, TrafficError, render_routes, traffic_digest

PROJECT = Path(__file__).parents[2]
TEMPLATE: dict[str, Any] = YAML(typ="safe", pure=True).load(PROJECT / "envoy" / "routes.yaml")

ALL_ON_STABLE = {"stable": "v6", "canary": "v7", "canary-percent": "0", "shadow-percent": "0"}
permilles = st.integers(0, 1000)
versions = st.integers(1, 99).map("v{}".format)


def percent(permille: int) -> str:
    return str(permille // 10) if permille % 10 == 0 else f"{permille / 10:.1f}"


@st.composite
def traffics(draw: st.DrawFn) -> Traffic:
    stable, canary = draw(st.lists(versions, min_size=2, max_size=2, unique=True))
    shares = (percent(draw(permilles)), percent(draw(permilles)))
    return Traffic.from_data(
        dict(
            zip(
                ("stable", "canary", "canary-percent", "shadow-percent"),
                (stable, canary, *shares),
                strict=True,
            )
        )
    )


def as_file(traffic: Traffic) -> str:
    data = "".join(f'  {key}: "{value}"\n' for key, value in traffic.data.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: traffic\ndata:\n{data}"


def split(routes: dict[str, Any]) -> list[tuple[str, int]]:
    """Read the weighted clusters as Envoy does: in their order."""
    for route in routes["resources"][0]["virtual_hosts"][0]["routes"]:
        if clusters := route.get("route", {}).get("weighted_clusters", {}).get("clusters"):
            return [(cluster["name"], cluster["weight"]) for cluster in clusters]
    raise AssertionError("no weighted route")


def choose(routes: dict[str, Any], user_hash: int) -> str:
    """Choose as Envoy does for a sticky user: the hash modulo the sum falls into a cluster."""
    clusters = split(routes)
    point = user_hash % sum(weight for _, weight in clusters)
    for name, weight in clusters:
        if point < weight:
            return name
        point -= weight
    raise AssertionError("no cluster")


@given(traffics())
def test_weights_sum_to_1000_stable_first_canary_last(traffic: Traffic) -> None:
    expected = [
        (traffic.stable, 1000 - traffic.canary_permille),
        (traffic.canary, traffic.canary_permille),
    ]
    assert list(traffic.weights.items()) == expected
    assert split(render_routes(TEMPLATE, traffic)) == expected


@given(traffics())
def test_a_file_reads_back_as_the_traffic_it_was_written_from(traffic: Traffic) -> None:
    again = Traffic.parse(as_file(traffic), None)
    assert again == traffic
    assert again.revision == traffic.revision


@given(traffics(), traffics())
def test_a_rendering_forgets_what_was_rendered_before(first: Traffic, second: Traffic) -> None:
    over_first = render_routes(render_routes(TEMPLATE, first), second)
    assert over_first == render_routes(TEMPLATE, second)


@given(traffics(), traffics())
def test_different_data_have_different_revisions(first: Traffic, second: Traffic) -> None:
    assert (first.revision == second.revision) == (first.data == second.data)


@given(permilles, permilles, st.integers(0, 2**64 - 1))
def test_a_user_on_the_canary_stays_there_while_its_share_grows(
    one: int, other: int, user_hash: int
) -> None:
    smaller, larger = sorted((one, other))

    def chosen(permille: int) -> str:
        data = {**ALL_ON_STABLE, "canary-percent": percent(permille)}
        return choose(render_routes(TEMPLATE, Traffic.from_data(data)), user_hash)

    if chosen(smaller) == "v7":
        assert chosen(larger) == "v7"


@given(st.text(max_size=8))
def test_only_percents_of_one_decimal_are_taken(text: str) -> None:
    data = {**ALL_ON_STABLE, "canary-percent": text}
    try:
        permille = Traffic.from_data(data).canary_permille
    except TrafficError:
        return
    assert 0 <= permille <= 1000
    assert float(text) * 10 == pytest.approx(permille)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(TrafficError) as refused:
        Traffic.parse(text, None)
    assert all(problem.line >= 1 for problem in refused.value.problems)


@given(traffics(), versions)
def test_all_on_a_version_leaves_nothing_for_any_other(traffic: Traffic, version: str) -> None:
    moved = traffic.all_on(version)
    assert moved.weights == {version: 1000, moved.canary: 0}
    assert (moved.stable, moved.shadow_permille) == (version, 0)
    assert moved.canary in {traffic.stable, traffic.canary}


@given(traffics(), st.permutations(range(4)))
def test_a_state_has_one_digest_however_it_is_written(traffic: Traffic, order: list[int]) -> None:
    keys = list(traffic.data)
    lines = [f"  {keys[at]}: '{traffic.data[keys[at]]}'  # {at}\n" for at in order]
    text = f"data:\n{''.join(lines)}kind: ConfigMap\n"
    assert traffic_digest(text) == traffic_digest(as_file(traffic)) == traffic.revision
