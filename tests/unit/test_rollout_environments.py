"""environments.yaml: which environment is meant, and what is said of a wrong file."""

import os
import subprocess
from pathlib import Path

import pytest

import weighbridge_rollout as rollout

WHOLE = """\
environments:
  local: {from: variables}
  kind:
    repository: ../traffic.git
    path: envoy/traffic/kind/
    kubernetes: {context: kind-weighbridge, namespace: mlops-production}
    argocd: {application: weighbridge-kind}
    overlay: k8s/overlays/kind
  remote:
    repository: https://git.example.org/traffic.git
    branch: live
    path: envoy/traffic/remote
    agents: [http://a:9903/, "https://b"]
    argocd: {application: remote, namespace: gitops, context: hub}
"""
STACK = {
    "WEIGHBRIDGE_TRAFFIC_REPO": "/stack.git",
    "WEIGHBRIDGE_TRAFFIC_PATH": "envoy/traffic/local",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder below the one with the file."""
    (tmp_path / "environments.yaml").write_text(WHOLE)
    below = tmp_path / "some" / "folder"
    below.mkdir(parents=True)
    return below


def chosen(folder: Path, name: str | None, **variables: str) -> rollout.Environment:
    return rollout.choose_environment(variables, name, folder).environment


def test_an_environment_with_a_cluster(folder: Path) -> None:
    kind = chosen(folder, "kind")
    assert kind.repository == str(folder.parents[2] / "traffic.git"), "as seen from the file"
    assert (kind.branch, kind.path) == ("main", "envoy/traffic/kind")
    assert kind.kubernetes == rollout.ClusterAgents(
        namespace="mlops-production",
        context="kind-weighbridge",
        selector="app.kubernetes.io/name=serving-ingress",
        port=9903,
    )
    assert kind.argocd == rollout.ArgoApplication("weighbridge-kind", "argocd", "kind-weighbridge")
    assert kind.images_file == "k8s/overlays/kind/kustomization.yaml"
    assert kind.option == " -e kind"


def test_an_environment_with_urls_and_an_argo_cd_elsewhere(folder: Path) -> None:
    remote = chosen(folder, "remote")
    assert remote.agents == ("http://a:9903", "https://b")
    assert remote.argocd == rollout.ArgoApplication("remote", "gitops", "hub")
    assert remote.place == "live of https://git.example.org/traffic.git"
    with pytest.raises(rollout.SettingsError, match=r"remote has no images.*`overlay`"):
        _ = remote.images_file


def test_what_chooses(folder: Path) -> None:
    named = rollout.choose_environment({"WEIGHBRIDGE_ENVIRONMENT": "kind"}, "remote", folder)
    assert (named.environment.name, named.reason) == ("remote", "--environment")
    assert named.known == ("local", "kind", "remote")
    by_variable = rollout.choose_environment({"WEIGHBRIDGE_ENVIRONMENT": "kind"}, None, folder)
    assert by_variable.environment.name == "kind"
    assert by_variable.reason == "WEIGHBRIDGE_ENVIRONMENT"
    for name in (None, "local"):
        stack = chosen(folder, name, **STACK)
        assert (stack.name, stack.repository, stack.option) == ("local", "/stack.git", "")


def test_a_name_that_is_not_there_lists_those_that_are(folder: Path) -> None:
    with pytest.raises(rollout.SettingsError, match="no environment prod; known: local, kind, rem"):
        chosen(folder, "prod")


def test_without_a_file_it_is_said_where_it_was_looked_for(folder: Path) -> None:
    (folder.parents[1] / "environments.yaml").unlink()
    with pytest.raises(rollout.SettingsError, match=rf"no environments.yaml in {folder} or above"):
        chosen(folder, "kind")


def test_the_file_may_lie_elsewhere(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("environments: {one: {repository: x, path: y}}")
    assert chosen(folder, "one", WEIGHBRIDGE_ENVIRONMENTS=str(file)).path == "y"
    with pytest.raises(rollout.SettingsError, match=r"WEIGHBRIDGE_ENVIRONMENTS=.*is no file"):
        chosen(folder, "one", WEIGHBRIDGE_ENVIRONMENTS=str(file / "none"))


def test_origin_is_the_remote_of_the_checkout_that_holds_the_file(folder: Path) -> None:
    top = folder.parents[1]
    file = top / "environments.yaml"
    file.write_text("environments: {here: {repository: origin, path: y}}")
    with pytest.raises(rollout.SettingsError, match="no Git checkout with a remote origin"):
        chosen(folder, "here")
    git = ["git", "-C", str(top)]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run([*git, "init", "--quiet"], check=True, env=environ)
    subprocess.run([*git, "remote", "add", "origin", "../traffic.git"], check=True, env=environ)
    assert chosen(folder, "here").repository == str(top.parent / "traffic.git")
    url = "https://git.example.org/traffic.git"
    subprocess.run([*git, "remote", "set-url", "origin", url], check=True, env=environ)
    assert chosen(folder, "here").repository == url


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ":1: the file must be a mapping"),
        ("environments: 3", ":1: environments must be a mapping"),
        (
            "environments:\n  a: {from: variables}\n  a: {from: variables}",
            "is not YAML: line 3: found",
        ),
        ("environments:\n  a: [", "is not YAML: line 2: "),
        ("environments:\n\n  a: {repository: x}", ":3: environments.a.path is missing"),
        ("environments:\n  Big: {from: variables}", ":2: environments.Big must be a name as"),
        ("environments:\n  a:\n    from: me", ":3: environments.a.from should be 'variables'"),
        (
            "environments:\n  a:\n    repository: x\n    path: /etc",
            ":4: environments.a.path must be a folder inside the repository",
        ),
        (
            "environments:\n  a:\n    repository: x\n    path: y\n    agents:\n    - http://b\n"
            "    - ftp://c",
            ":7: environments.a.agents.1 must be an http URL",
        ),
        (
            "environments:\n  a:\n    repository: x\n    path: y\n    kubernetes:\n"
            "      namespace: ../../secrets",
            ":6: environments.a.kubernetes.namespace must be a name as Kubernetes takes it",
        ),
        (
            "environments:\n  a:\n    repository: x\n    path: y\n    kubernetes:\n"
            "      namespace: n\n      selektor: a=b",
            ":7: environments.a.kubernetes.selektor is no known key here",
        ),
        (
            "environments:\n  a:\n    repository: x\n    path: y\n    agents: [http://b]\n"
            "    kubernetes: {namespace: n}",
            ":2: environments.a has both `agents` and `kubernetes`: choose one",
        ),
    ],
)
def test_a_wrong_file_is_told_by_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "environments.yaml").write_text(text)
    with pytest.raises(rollout.SettingsError) as wrong:
        chosen(tmp_path, "a")
    assert said in str(wrong.value)


def test_all_that_is_wrong_is_told_in_order(tmp_path: Path) -> None:
    text = "environments:\n  a:\n    path: /etc\n    overlay: ..\n    port: 3\n"
    (tmp_path / "environments.yaml").write_text(text)
    with pytest.raises(rollout.SettingsError) as wrong:
        chosen(tmp_path, "a")
    lines = [line.split(":")[1] for line in str(wrong.value).splitlines()[1:]]
    assert lines == ["2", "3", "4", "5"]


def test_the_project_s_own_file_names_folders_that_are_there(project: Path, tmp_path: Path) -> None:
    text = (project / "environments.yaml").read_text()
    (tmp_path / "environments.yaml").write_text(text.replace(": origin", ": x.git"))
    known = rollout.choose_environment(STACK, "local", tmp_path).known
    assert known == ("local", "kind", "staging", "production")
    for name in known[1:]:
        environment = chosen(tmp_path, name)
        assert (project / environment.traffic_file).is_file()
        assert (project / environment.images_file).is_file()
        assert environment.kubernetes
        assert environment.argocd == rollout.ArgoApplication(
            f"weighbridge-{name}", "argocd", environment.kubernetes.context
        )
