"""The admission policy refuses what the rules of weighbridge_ingress refuse, and nothing else.

Its expressions are run here by another implementation of CEL; the cluster's suite asks a real API
server.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import celpy
import pytest
from celpy import celtypes
from celpy.adapter import json_to_cel
from hypothesis import example, given
from hypothesis import strategies as st

from tests.manifests import read_yaml
from weighbridge_ingress import Traffic, TrafficError

_GOOD = {"stable": "v6", "canary": "v7", "canary-percent": "10", "shadow-percent": "0"}
_VERSIONS = [
    "v6",
    "v7",
    "v10",
    "v0",
    "v06",
    "V7",
    "7",
    "v",
    "v7 ",
    " v7",
    "v7\n",
    "v7.1",
    "v\u0667",
    "",
]
_PERCENTS = [
    *["0", "0.0", "1", "9.9", "10", "10.5", "99.9", "100", "100.0"],
    *[
        "100.1",
        "101",
        "150",
        "-1",
        "+1",
        "01",
        "1e1",
        "10%",
        "ten",
        ".5",
        "5.",
        "1.25",
        "\u0661\u0660",
    ],
    *["", " ", "10 ", "10\n", "1_0", "0x1", "NaN", "\u0661\u0660"],
]


class Policy:
    """The policy's expressions, ready to be asked."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        environment = celpy.Environment()

        def program(expression: str) -> celpy.Runner:
            # Kubernetes has two functions that this implementation lacks.
            text = expression.replace("strings.quote(", "quote(")
            functions: dict[str, Any] = {"quote": _quote, "join": _join}
            return environment.program(environment.compile(text), functions=functions)

        self._variables = {one["name"]: program(one["expression"]) for one in spec["variables"]}
        self._validations = [
            (program(one["expression"]), one.get("message"), one.get("messageExpression"))
            for one in spec["validations"]
        ]
        self._program = program

    def refusal(self, operation: str, configmap: dict[str, Any] | None) -> str | None:
        """Return the message of the first rule that a request breaks, None if there is none."""
        known: dict[str, Any] = {}
        context = {
            "object": json_to_cel(configmap),
            "request": json_to_cel({"operation": operation}),
            "namespaceObject": json_to_cel({"metadata": {"name": "mlops-production"}}),
        }

        def ask(runner: celpy.Runner) -> Any:
            variables = celtypes.MapType(
                {celtypes.StringType(name): value for name, value in known.items()}
            )
            return runner.evaluate({**context, "variables": variables})

        for name, runner in self._variables.items():
            known[name] = ask(runner)
        for rule, message, expression in self._validations:
            if not ask(rule):
                return message or str(ask(self._program(expression)))
        return None


def _quote(text: Any) -> Any:
    return celtypes.StringType(json.dumps(str(text), ensure_ascii=False))


def _join(texts: Any, separator: Any) -> Any:
    return celtypes.StringType(str(separator).join(str(text) for text in texts))


@pytest.fixture(scope="module")
def policy(project: Path) -> Policy:
    """The policy of the base."""
    found, _ = read_yaml(project / "k8s" / "base" / "traffic-policy.yaml")
    return Policy(found["spec"])


def problems(data: Mapping[str, str]) -> str:
    """Return what the rules of the traffic file say, "" if they say nothing."""
    try:
        Traffic.from_data(data)
    except TrafficError as error:
        return str(error)
    return ""


@given(
    data=st.dictionaries(
        st.sampled_from([*_GOOD, "Stable", "percent"]),
        st.one_of(st.sampled_from([*_VERSIONS, *_PERCENTS]), st.text(max_size=6)),
    )
)
@example(data=_GOOD)
@example(data={})
def test_both_refuse_the_same(data: dict[str, str], policy: Policy) -> None:
    assert (policy.refusal("UPDATE", {"data": data}) is None) == (problems(data) == "")


@pytest.mark.parametrize("key", ["canary-percent", "shadow-percent"])
@pytest.mark.parametrize("value", _PERCENTS)
def test_percents(key: str, value: str, policy: Policy) -> None:
    data = {**_GOOD, key: value}
    refused = policy.refusal("CREATE", {"data": data})
    assert (refused is None) == (problems(data) == "")
    assert refused is None or f"{key} must be" in refused


@pytest.mark.parametrize("key", ["stable", "canary"])
@pytest.mark.parametrize("value", _VERSIONS)
def test_versions(key: str, value: str, policy: Policy) -> None:
    data = {**_GOOD, key: value}
    assert (policy.refusal("CREATE", {"data": data}) is None) == (problems(data) == "")


def test_each_key_s_message_names_cause_and_next_step(policy: Policy) -> None:
    data = {"stable": "v7", "canary": "v7", "canary-percent": "150", "percent": "5"}
    assert policy.refusal("UPDATE", {"data": data}) == (
        "percent is no key of traffic; shadow-percent is missing; "
        'canary-percent must be "0" to "100" with at most one decimal, not "150"; '
        "canary must be another version than stable. Mend traffic.yaml and commit"
    )


def test_a_line_break_in_a_value_is_told_too(policy: Policy) -> None:
    """A message with a real one would be replaced by the bare expression."""
    said = policy.refusal("UPDATE", {"data": {**_GOOD, "canary-percent": "10\n"}})
    assert said
    assert "\n" not in said
    assert r'not "10\n"' in said


@pytest.mark.parametrize("extra", [{"binaryData": {"x": "eA=="}}, {"immutable": True}])
def test_nothing_but_data_that_can_change(extra: dict[str, Any], policy: Policy) -> None:
    refused = policy.refusal("UPDATE", {"data": _GOOD, **extra})
    assert refused
    assert "immutable" in refused


def test_deleting_is_refused_while_the_namespace_stays(policy: Policy) -> None:
    refused = policy.refusal("DELETE", None)
    assert refused
    assert 'canary-percent to "0"' in refused


def test_it_is_asked_for_every_change_of_traffic_and_for_nothing_else(project: Path) -> None:
    found, binding = read_yaml(project / "k8s" / "base" / "traffic-policy.yaml")
    (rule,) = found["spec"]["matchConstraints"]["resourceRules"]
    assert rule["resources"] == ["configmaps"]
    assert rule["resourceNames"] == ["traffic"]
    assert set(rule["operations"]) == {"CREATE", "UPDATE", "DELETE"}
    assert found["spec"]["failurePolicy"] == "Fail"
    assert binding["spec"]["validationActions"] == ["Deny"]
