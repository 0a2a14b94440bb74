"""One name for one state, whether it stands in Git or in a cluster."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from weighbridge_ingress import Traffic, traffic_digest

GOOD = sorted((Path(__file__).parents[1] / "golden" / "envoy" / "valid").glob("*.in.yaml"))

FROM_GIT = """\
# A comment, and another order than the cluster gives.
apiVersion: v1
kind: ConfigMap
metadata:
  name: traffic
data:
  stable: v6  # for now
  canary: v9
  canary-percent:   "1000"
  shadow-percent: '0'
"""
FROM_THE_CLUSTER = """\
apiVersion: v1
data: {canary: v9, canary-percent: "1000", shadow-percent: "0", stable: v6}
kind: ConfigMap
metadata: {name: traffic, namespace: shipping, resourceVersion: "17"}
"""


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_a_good_state_is_named_by_its_revision(path: Path) -> None:
    text = path.read_text()
    assert traffic_digest(text) == Traffic.parse(text, None).revision


def test_a_state_that_will_be_refused_has_one_name_in_git_and_in_a_cluster() -> None:
    data = {"canary": "v9", "canary-percent": "1000", "shadow-percent": "0", "stable": "v6"}
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:12]
    assert traffic_digest(FROM_GIT) == traffic_digest(FROM_THE_CLUSTER) == digest


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "a: [", "data: [1]", "data: {percent: 10}", "data: {1: x}", "a: 1\na: 2"],
)
def test_a_text_that_no_cluster_could_hold_is_named_by_itself(text: str) -> None:
    assert traffic_digest(text) == hashlib.sha256(text.encode()).hexdigest()[:12]
