"""`weighbridge rollout` against a real API server and a real Argo CD."""

import dataclasses
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.checkout import Checkout
from tests.cluster.environment import ClusterEnvironment
from tests.counting import eventually

_ACCOUNT = "rollout-rights"
_POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: test-refuses-66}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
    - apiGroups: [""]
      apiVersions: [v1]
      operations: [UPDATE]
      resources: [configmaps]
      resourceNames: [traffic]
  validations:
  - expression: object.data['canary-percent'] != '66'
    message: this test lets no canary have 66 percent
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: test-refuses-66}
spec:
  policyName: test-refuses-66
  validationActions: [Deny]
  matchResources:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NAMESPACE}}
"""


@pytest.fixture
def policy(kind: ClusterEnvironment) -> Iterator[None]:
    """A policy of the cluster's that refuses what Weighbridge itself allows."""
    text = _POLICY.replace("NAMESPACE", kind.kubectl.namespace)
    kind.kubectl.run("apply", "--filename=-", given=text)

    def refuses() -> None:
        change = '{"data":{"canary-percent":"66"}}'
        tried = ("patch", "configmap", "traffic", "--dry-run=server", "--type=merge", "-p", change)
        assert kind.kubectl.done(*tried).returncode != 0

    eventually(refuses, within_s=20)
    yield
    kind.kubectl.run("delete", "--filename=-", given=text)


@pytest.mark.usefixtures("policy")
def test_a_refused_change_is_told_at_once_and_taken_back_at_once(kind: ClusterEnvironment) -> None:
    kind.set("10")
    done = kind.checkout.tried("rollout", "set", "66", "-e", kind.name)
    assert done.returncode == 1
    assert "could not apply it: ConfigMap traffic: " in done.stderr
    assert "this test lets no canary have 66 percent" in done.stderr
    assert f"`weighbridge rollout undo -e {kind.name}`" in done.stderr
    shown = kind.checkout.tried("rollout", "status", "-e", kind.name)
    assert shown.returncode == 1
    assert "this test lets no canary have 66 percent" in shown.stdout

    kind.rollout("undo")
    begun = time.monotonic()
    kind.set("20")  # Argo CD, which retries for minutes, has let go of what it could not apply
    assert time.monotonic() - begun < 15
    kind.set("10")


@pytest.fixture
def person(kind: ClusterEnvironment, tmp_path: Path) -> Iterator[Checkout]:
    """One who works in the same clone, and may do nothing in the cluster yet."""
    kind.kubectl.run("create", "serviceaccount", _ACCOUNT)
    token = kind.kubectl.run("create", "token", _ACCOUNT, "--duration=1h").strip()
    config = json.loads(
        kind.kubectl.run("config", "view", "--raw", "--minify", "--flatten", "--output=json")
    )
    config["users"][0]["user"] = {"token": token}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(config))
    variables = {**kind.checkout.variables, "KUBECONFIG": str(kubeconfig)}
    yield dataclasses.replace(kind.checkout, variables=variables)
    kind.kubectl.run("delete", "serviceaccount", _ACCOUNT)


def test_the_rights_of_the_readme_are_needed_and_enough(
    kind: ClusterEnvironment, person: Checkout, project: Path
) -> None:
    shown = person.tried("rollout", "status", "-e", kind.name)
    assert f"list pods in namespace {kind.kubectl.namespace} is missing" in shown.stdout
    assert "get applications.argoproj.io in namespace argocd is missing" in shown.stdout

    readme = (project / "rollout" / "README.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?kind: Role.*?)```", readme, re.DOTALL)
    ours, argocds = block.replace("mlops-production", kind.kubectl.namespace).split("---")
    argocds = argocds.replace("weighbridge-kind", kind.application.name)
    account = f"--serviceaccount={kind.kubectl.namespace}:{_ACCOUNT}"
    role = "weighbridge-rollout"
    places = ((kind.kubectl, ours), (kind.application.kubectl, argocds))
    for kubectl, roles in places:
        kubectl.run("apply", "--filename=-", given=roles)
        kubectl.run("create", "rolebinding", role, f"--role={role}", account)
    try:
        done = person.tried("rollout", "set", "15", "-e", kind.name)
        assert done.returncode == 0, done.stderr
        assert "live after" in done.stdout
        assert "note:" not in done.stderr
        assert person.tried("rollout", "status", "-e", kind.name).returncode == 0
    finally:
        for kubectl, _ in places:
            kubectl.run("delete", "rolebinding,role", role)
