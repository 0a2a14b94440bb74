"""Argo CD's files: the fewest rights, one Application per environment, a pinned installation."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.fix_manifests import Rendered
from tests.manifests import COMBINATIONS, OVERLAYS, Object, Render, read_yaml, render

_CLUSTER_WIDE = {"Namespace", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
_URL = re.compile(
    r"https://raw\.githubusercontent\.com/argoproj/argo-cd/v\d+\.\d+\.\d+/manifests/install\.yaml"
)
# Of the upstream installation, what ours is laid over.
_UPSTREAM = """
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cmd-params-cm}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-notifications-cm}
---
apiVersion: v1
kind: Secret
metadata: {name: argocd-secret}
type: Opaque
---
apiVersion: v1
kind: Service
metadata: {name: argocd-server}
spec:
  ports: [{name: http, port: 80, targetPort: 8080}, {name: https, port: 443, targetPort: 8080}]
"""


@pytest.fixture(scope="module")
def appproject(project: Path) -> Object:
    """The project."""
    (found,) = read_yaml(project / "argocd" / "project.yaml")
    return found


def application(project: Path, environment: str) -> Object:
    (found,) = read_yaml(project / "argocd" / "applications" / f"{environment}.yaml")
    return found


def kinds(items: list[Object]) -> set[tuple[str, str]]:
    return {(one["group"], one["kind"]) for one in items}


def group(one: Object) -> str:
    head, _, _ = one["apiVersion"].rpartition("/")
    return str(head)


def test_the_project_allows_the_kinds_that_are_used_and_no_other(
    appproject: Object, rendered: Rendered
) -> None:
    used = {
        (group(one), one["kind"])
        for name in (*OVERLAYS, *COMBINATIONS)
        for one in rendered(name).objects
    }
    spec = appproject["spec"]
    assert kinds(spec["clusterResourceWhitelist"]) == {
        one for one in used if one[1] in _CLUSTER_WIDE
    }
    assert kinds(spec["namespaceResourceWhitelist"]) == {
        one for one in used if one[1] not in _CLUSTER_WIDE
    }


def test_the_project_has_no_wildcard(appproject: Object) -> None:
    spec = appproject["spec"]
    assert all(re.fullmatch(r"https://[\w./-]+\.git", one) for one in spec["sourceRepos"])
    assert "*" not in str({**spec, "description": ""})
    assert [one["namespace"] for one in spec["destinations"]] == [
        "mlops-production",
        "mlops-staging",
    ]


@pytest.mark.parametrize("environment", OVERLAYS)
def test_an_application_is_one_path_of_main(
    environment: str, appproject: Object, project: Path, rendered: Rendered
) -> None:
    found = application(project, environment)
    spec = found["spec"]
    assert found["metadata"]["name"] == f"weighbridge-{environment}"
    assert "finalizers" not in found["metadata"], "deleting it must not delete what serves"
    assert spec["project"] == appproject["metadata"]["name"]
    assert spec["source"].pop("repoURL") in appproject["spec"]["sourceRepos"]
    assert spec["source"] == {
        "targetRevision": "main",
        "path": f"k8s/overlays/{environment}",
    }
    assert spec["destination"] in appproject["spec"]["destinations"]
    assert {spec["destination"]["namespace"]} == rendered(environment).names("Namespace")
    assert "ignoreDifferences" not in spec, "what Git does not say needs no exception"


@pytest.mark.parametrize("environment", OVERLAYS)
def test_an_application_keeps_to_git_by_itself(environment: str, project: Path) -> None:
    policy = application(project, environment)["spec"]["syncPolicy"]
    assert policy["automated"] == {"prune": True, "selfHeal": True}
    assert policy["retry"]["limit"] < 0, "what failed for a passing reason is tried until it works"
    assert policy["retry"]["refresh"] is True, "and the newest commit, not the one that failed"
    # Without the first, each commit would make the Jobs anew.
    assert {"ApplyOutOfSyncOnly=true", "ServerSideApply=true"} <= set(policy["syncOptions"])
    assert "PruneLast=true" not in policy["syncOptions"], "it holds up commits during a rollout"


@pytest.mark.parametrize("environment", OVERLAYS)
def test_the_command_asks_the_same_application(environment: str, project: Path) -> None:
    (file,) = read_yaml(project / "environments.yaml")
    said = file["environments"][environment]
    found = application(project, environment)
    assert said["argocd"] == {
        "application": found["metadata"]["name"],
        "namespace": found["metadata"]["namespace"],
    }
    assert said["overlay"] == found["spec"]["source"]["path"]
    assert said["kubernetes"]["namespace"] == found["spec"]["destination"]["namespace"]


@pytest.fixture(scope="module")
def installed(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """The installation on kind, over a stand-in for the upstream manifest, which is far away."""
    folder = tmp_path_factory.mktemp("argocd") / "argocd"
    shutil.copytree(project / "argocd", folder)
    file = folder / "install" / "kustomization.yaml"
    text, count = _URL.subn("upstream.yaml", file.read_text())
    assert count == 1, "one upstream manifest, pinned by its version"
    file.write_text(text)
    (folder / "install" / "upstream.yaml").write_text(_UPSTREAM)
    return render(folder / "kind")


def test_settings_are_laid_over_the_installation(installed: Render) -> None:
    assert installed.one("ConfigMap", "argocd-cm")["data"] == {
        "kustomize.buildOptions": "--load-restrictor LoadRestrictionsRootOnly",
        "timeout.reconciliation": "30s",
        "timeout.reconciliation.jitter": "5s",
    }
    server = installed.one("Service", "argocd-server")["spec"]
    assert server["type"] == "NodePort"
    assert server["ports"][0]["name"] == "http"
    assert all(one["metadata"].get("namespace") == "argocd" for one in installed.of("ConfigMap"))


def test_the_webhook_s_secret_is_a_reference(installed: Render) -> None:
    for value in installed.one("Secret", "argocd-secret")["stringData"].values():
        assert re.fullmatch(r"\$argocd-webhook:\w+", value)


def test_notifications_fit_together(installed: Render, appproject: Object) -> None:
    data: dict[str, Any] = installed.one("ConfigMap", "argocd-notifications-cm")["data"]
    subscribed = [
        re.fullmatch(r"notifications\.argoproj\.io/subscribe\.([\w-]+)\.([\w-]+)", key)
        for key in appproject["metadata"]["annotations"]
    ]
    assert {found.group(1) for found in subscribed if found} == {
        "on-sync-failed",
        "on-split-changed",
    }
    for found in subscribed:
        assert found
        trigger, service = found.groups()
        assert data[f"service.webhook.{service}"].startswith("url: $"), "the address is a secret"
        for rule in YAML(typ="safe").load(data[f"trigger.{trigger}"]):
            for template in rule["send"]:
                assert service in data[f"template.{template}"]
