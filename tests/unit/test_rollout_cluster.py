"""What is said of a cluster: pods, agents, Argo CD, and where a commit got stuck."""

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import weighbridge_rollout as rollout
from tests.fix_api_server import (
    CONTEXT,
    NAMESPACE,
    ApiServer,
    recorded_application,
    recorded_pod,
)
from tests.fix_repository import Repository
from weighbridge_ingress import Refused, Report, Running, Traffic, Wanted, traffic_digest

POLICY = (
    'ConfigMap traffic: configmaps "traffic" is forbidden: ValidatingAdmissionPolicy '
    "'traffic.weighbridge' with binding 'traffic.weighbridge' denied request: canary-percent "
)


def report_of(text: str) -> Report:
    """Return what an agent says whose Envoy runs a traffic file."""
    traffic = Traffic.parse(text, None)
    source = f"configmap/{NAMESPACE}/traffic@812"
    return Report(
        agent="agent",
        at="",
        wanted=Wanted(traffic.revision, source, dict(traffic.data), ""),
        running=Running(traffic.revision, traffic.weights, "2026-11-24T11:29:27.003Z"),
        in_step=True,
        refused=None,
        error=None,
        repairs=0,
        calls=None,
        known_versions=("v6", "v7"),
    )


@pytest.fixture
def environment(repository: Repository) -> rollout.Environment:
    """The environment `kind` as environments.yaml describes it."""
    return dataclasses.replace(
        repository.environment(),
        name="kind",
        kubernetes=rollout.ClusterAgents(NAMESPACE, CONTEXT),
        argocd=rollout.ArgoApplication("weighbridge-kind", context=CONTEXT),
        file=Path("environments.yaml"),
    )


@pytest.fixture
def cluster(api_server: ApiServer, repository: Repository) -> ApiServer:
    """Two Envoys that follow Git at once, as Argo CD and the agents make them."""
    api_server.pods = {name: recorded_pod("ready") for name in ("ingress-1", "ingress-2")}
    api_server.report = lambda _: report_of(repository.read())
    api_server.application = lambda: recorded_application("applied", repository.tip())
    return api_server


def test_status_names_each_pod_and_asks_it_through_the_api_server(
    cluster: ApiServer, environment: rollout.Environment, repository: Repository
) -> None:
    found = rollout.status(environment)
    assert found.agree, found.differences
    assert [agent.name for agent in found.agents] == ["ingress-1", "ingress-2"]
    assert found.argocd
    assert found.argocd.state
    assert found.argocd.state.revision == repository.tip()
    pods = f"GET /api/v1/namespaces/{NAMESPACE}/pods"
    assert f"{pods}?labelSelector=app.kubernetes.io%2Fname%3Dserving-ingress" in cluster.asked
    assert f"{pods}/ingress-1:9903/proxy/report" in cluster.asked


def test_set_asks_argo_cd_to_look_and_names_who_confirmed(
    cluster: ApiServer, environment: rollout.Environment
) -> None:
    change = rollout.set_percent(environment, 25)
    assert change.confirmed_by == ("ingress-1", "ingress-2")
    assert change.live_s is not None
    assert change.notes == ()
    assert cluster.patches[0] == {
        "metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}
    }


def test_pods_that_end_or_have_ended_do_not_count(
    cluster: ApiServer, environment: rollout.Environment
) -> None:
    cluster.pods |= {"evicted": {"phase": "Failed"}, "done": {"phase": "Succeeded"}}
    cluster.pods["ingress-0"] = recorded_pod("ready")
    cluster.terminating = {"ingress-0"}
    assert len(rollout.status(environment).agents) == 2


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("no-such-image", r"container envoy: ImagePullBackOff: .*nothere:0{40}.*no such host"),
        ("no-such-command", r"exit code 128: .*stat /nothere: no such file"),
        ("no-such-secret", r'CreateContainerConfigError: secret "serving-s3" not found'),
        ("no-such-node", r"0/1 nodes are available: 1 Insufficient cpu"),
        ("wrong-setting", r"exit code 2: WEIGHBRIDGE_SPOOL_DIR: Field required"),
        ("unready", r"containers with unready status: \[server\]"),
    ],
)
def test_a_pod_that_is_not_ready_lags_and_says_why(
    cluster: ApiServer, environment: rollout.Environment, state: str, reason: str
) -> None:
    cluster.pods["ingress-3"] = cluster.other_pods["api-1"] = recorded_pod(state)
    answers = cluster.report
    cluster.report = lambda name: None if name == "ingress-3" else answers(name)

    with pytest.raises(rollout.UnconfirmedError, match=rf"1 of 3 agents(?s:.*)ingress-3.*{reason}"):
        rollout.set_percent(environment, 40, timeout_s=0)

    found = rollout.status(environment)
    (difference,) = found.differences
    assert difference.startswith("pod ingress-3 is not ready: ")
    (waiting,) = found.waiting
    assert waiting.name == "api-1"
    assert waiting.not_ready
    assert waiting.not_ready in difference


def test_an_agent_that_is_silent_holds_nothing_up(
    cluster: ApiServer, environment: rollout.Environment, repository: Repository
) -> None:
    asked = threading.Event()

    def report(name: str) -> Report:
        if name == "ingress-1":
            asked.wait(10)  # longer than anyone waits for it
        return report_of(repository.read())

    cluster.report = report
    found = rollout.status(environment)
    asked.set()
    (difference,) = found.differences
    assert difference.startswith("pod ingress-1 gives no report: ")
    assert difference.endswith("gave no answer within 2 s")


def test_a_new_pod_is_found_while_others_are_waited_for(
    cluster: ApiServer, environment: rollout.Environment, repository: Repository
) -> None:
    before = repository.read()
    looks = 0

    def report(name: str) -> Report:
        nonlocal looks
        looks += 1
        if looks > 4:  # a rolling update has replaced the first two
            cluster.pods = {"ingress-9": recorded_pod("ready")}
        return report_of(repository.read() if name == "ingress-9" else before)

    cluster.report = report
    assert rollout.set_percent(environment, 25).confirmed_by == ("ingress-9",)


@pytest.mark.parametrize("state", ["retrying", "failed"])
def test_what_the_admission_policy_refuses_is_told_at_once(
    cluster: ApiServer, environment: rollout.Environment, repository: Repository, state: str
) -> None:
    before = repository.read()
    cluster.report = lambda _: report_of(before)
    cluster.application = lambda: recorded_application(state, repository.tip())

    with pytest.raises(rollout.RefusedError) as refusal:
        rollout.set_percent(environment, 25)

    said = str(refusal.value)
    assert said.startswith(f"{repository.tip()[:10]} is in Git, but Argo CD (argocd/weighbridge-k")
    assert POLICY in said
    assert "/dev/shm" not in said
    assert "Calls go on as before" in said
    assert "`weighbridge rollout undo -e kind`" in said
    assert refusal.value.commit.sha == repository.tip()

    told = "\n".join(rollout.status(environment).differences)
    assert POLICY in told
    assert "Envoy of pod ingress-1 runs v6 90 %, v7 10 %; Git says v7 25 % beside v6" in told


def test_what_an_agent_refuses_is_told_by_pod_and_commit(
    cluster: ApiServer, environment: rollout.Environment, repository: Repository
) -> None:
    before = repository.read()

    def report(_: str) -> Report:
        source = f"configmap/{NAMESPACE}/traffic@813"
        refused = Refused(source, "", ("no such version",), traffic_digest(repository.read()))
        return dataclasses.replace(report_of(before), refused=refused, known_versions=())

    cluster.report = report
    with pytest.raises(rollout.RefusedError, match="pod ingress-1 refused it: no such version"):
        rollout.set_percent(environment, 25)
    told = rollout.status(environment).differences[0]
    assert told == f"pod ingress-1 refused commit {repository.tip()[:10]}: no such version"


def test_a_branch_that_argo_cd_cannot_read_is_believed_after_it_looked_twice(
    cluster: ApiServer, environment: rollout.Environment, repository: Repository
) -> None:
    before, older = repository.read(), repository.tip()
    cluster.report = lambda _: report_of(before)
    cluster.application = lambda: recorded_application("unreadable", repository.tip(), older)
    with pytest.raises(rollout.RefusedError, match=r"cannot apply what the branch says.*nothere"):
        rollout.set_percent(environment, 25)
    assert len(cluster.patches) >= 2


def test_retries_of_an_older_state_are_ended(
    cluster: ApiServer, environment: rollout.Environment, repository: Repository
) -> None:
    refused = repository.commit_by_hand(repository.read().replace('"10"', '"66"'))

    def application() -> dict[str, object]:
        ended = any("status" in patch for patch in cluster.patches)
        state = "applied" if ended else "blocked"
        return recorded_application(state, repository.tip(), refused)

    cluster.application = application
    change = rollout.undo(environment)
    (stop,) = [patch for patch in cluster.patches if "status" in patch]
    assert stop == {
        "metadata": {"resourceVersion": "593"},
        "status": {"operationState": {"phase": "Terminating"}},
    }
    (note,) = change.notes
    assert note.startswith(f"Argo CD was still retrying {refused[:10]}")


Stage = Callable[[ApiServer, Repository, str], None]


def _not_seen(cluster: ApiServer, repository: Repository, older: str) -> None:
    cluster.application = lambda: recorded_application("applied", older)


def _switched_off(cluster: ApiServer, repository: Repository, older: str) -> None:
    cluster.application = lambda: recorded_application("switched-off", repository.tip(), older)


def _missing(cluster: ApiServer, repository: Repository, older: str) -> None:
    cluster.application = lambda: None


def _applying(cluster: ApiServer, repository: Repository, older: str) -> None:
    cluster.application = lambda: recorded_application("applying", repository.tip())


def _agent_lags(cluster: ApiServer, repository: Repository, older: str) -> None:
    pass


def _envoy_lags(cluster: ApiServer, repository: Repository, older: str) -> None:
    def report(_: str) -> Report:
        return dataclasses.replace(report_of(repository.read()), in_step=False)

    cluster.report = report


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (_not_seen, "Argo CD has not looked at {new} yet: argocd/weighbridge-kind is at {old}"),
        (_switched_off, "auto-sync of Application argocd/weighbridge-kind is off"),
        (_missing, "Argo CD has no Application argocd/weighbridge-kind"),
        (_applying, "Argo CD (argocd/weighbridge-kind) is applying {new}"),
        (
            _agent_lags,
            "pod ingress-2 has not seen it yet: it has v7 10 % beside v6 "
            "(configmap/mlops-production/traffic@812)",
        ),
        (_envoy_lags, "pod ingress-2 has seen it, but is not in step with it yet"),
    ],
)
def test_a_commit_that_is_not_live_in_time_is_told_where_it_is(
    cluster: ApiServer,
    environment: rollout.Environment,
    repository: Repository,
    stage: Stage,
    said: str,
) -> None:
    before, older = repository.read(), repository.tip()
    cluster.report = lambda _: report_of(before)
    stage(cluster, repository, older)
    with pytest.raises(rollout.UnconfirmedError) as late:
        rollout.set_percent(environment, 25, timeout_s=0.5)
    told = said.format(new=repository.tip()[:10], old=older[:10])
    assert told in str(late.value)
    assert "`weighbridge rollout status -e kind`" in str(late.value)
    if stage in (_not_seen, _switched_off, _missing):
        assert any(told in one for one in rollout.status(environment).differences)


def test_a_refresh_that_is_forbidden_is_a_note(
    cluster: ApiServer, environment: rollout.Environment
) -> None:
    cluster.forbidden = ("PATCH ",)
    change = rollout.set_percent(environment, 25)
    assert change.confirmed_by
    (note,) = change.notes
    assert "patch applications.argoproj.io in namespace argocd is missing" in note


@pytest.mark.parametrize(
    ("forbidden", "right"),
    [
        ("GET /api/v1/namespaces/mlops-production/pods?", "list pods in namespace mlops-pr"),
        ("GET /api/v1/namespaces/mlops-production/pods/", "get pods/proxy in namespace mlops-pr"),
        ("GET /apis/argoproj.io", "get applications.argoproj.io in namespace argocd"),
    ],
)
def test_a_right_that_is_missing_is_named_with_the_context(
    cluster: ApiServer, environment: rollout.Environment, forbidden: str, right: str
) -> None:
    cluster.forbidden = (forbidden,)
    (difference,) = rollout.status(environment).differences
    assert f"context {CONTEXT} does not allow it" in difference
    assert f"the right to {right}" in difference


def test_a_cluster_that_is_away_does_not_keep_from_writing(
    environment: rollout.Environment,
    repository: Repository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n"
        f"contexts: [{{name: {CONTEXT}, context: {{cluster: c, user: u}}}}]\n"
        "users: [{name: u, user: {token: t}}]\n"
    )
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    with pytest.raises(rollout.UnconfirmedError, match=rf"neither Argo CD.*{CONTEXT}.*answer"):
        rollout.set_percent(environment, 25, timeout_s=0)
    assert repository.message().startswith("Give v7 25 %")
    (difference,) = rollout.status(environment).differences
    assert "does not answer" in difference


@pytest.mark.usefixtures("api_server")
def test_a_context_that_the_kubeconfig_lacks_is_said_before_anything_is_written(
    environment: rollout.Environment, repository: Repository
) -> None:
    tip = repository.tip()
    elsewhere = dataclasses.replace(
        environment,
        kubernetes=rollout.ClusterAgents(NAMESPACE, "staging"),
        argocd=rollout.ArgoApplication("weighbridge-kind", context="staging"),
    )
    with pytest.raises(
        rollout.SettingsError, match=rf"no context staging; it has other, {CONTEXT}"
    ):
        rollout.set_percent(elsewhere, 25)
    assert repository.tip() == tip

    change = rollout.set_percent(elsewhere, 25, timeout_s=None)
    assert repository.tip() != tip
    assert "no context staging" in change.notes[0]
    assert "no context staging" in rollout.status(elsewhere).differences[0]


def test_where_no_envoy_runs_yet_that_is_said(
    cluster: ApiServer, environment: rollout.Environment
) -> None:
    cluster.pods = {}
    (difference,) = rollout.status(environment).differences
    assert "no pod with app.kubernetes.io/name=serving-ingress in namespace mlops-p" in difference


def test_an_application_that_has_done_nothing_yet_can_be_read(
    cluster: ApiServer, environment: rollout.Environment, repository: Repository
) -> None:
    fresh = recorded_application("applied", repository.tip())
    del fresh["status"]
    cluster.application = lambda: fresh
    (difference,) = rollout.status(environment).differences
    assert "is at no commit and follows k8s/overlays/kind on main of https://git." in difference
