"""k8s/setup.sh and kind's cluster: short, sound, and of one mind with what they set up."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fix_manifests import Rendered
from tests.manifests import Object, container, read_yaml

_LINES = 93
# What bash 3.2, which macOS has, does not know.
_NEWER_BASH = re.compile(
    r"declare -A|mapfile|readarray|\$\{\w+(,,|\^\^|@\w)|&>>|\|&|local -n|wait -n"
)


@pytest.fixture(scope="module")
def script(project: Path) -> Path:
    """The script."""
    return project / "k8s" / "setup.sh"


@pytest.fixture(scope="module")
def cluster(project: Path) -> Object:
    """The cluster that it asks kind for."""
    (found,) = read_yaml(project / "k8s" / "kind-cluster.yaml")
    return found


def test_it_is_short_and_can_be_run(script: Path) -> None:
    text = script.read_text()
    assert len(text.splitlines()) <= _LINES
    assert script.stat().st_mode & 0o111


def test_scripts_run_on_old_bash(project: Path) -> None:
    scripts = [*(project / "k8s").glob("*.sh"), *(project / "docker").glob("*.sh")]
    assert {"setup.sh", "version.sh"} < {one.name for one in scripts}
    for one in scripts:
        assert not _NEWER_BASH.search(one.read_text()), one


def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    program = Path(sys.executable).parent / "shellcheck"
    done = subprocess.run([program, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "there", [(), ("docker",), ("docker", "kind"), ("docker", "kind", "kubectl")]
)
def test_a_missing_program_is_named_with_the_way_to_get_it(
    there: tuple[str, ...], script: Path, tmp_path: Path
) -> None:
    for name in ("bash", "dirname", *there):
        (tmp_path / name).symlink_to(shutil.which(name) or "/bin/true")
    done = subprocess.run(
        [tmp_path / "bash", script],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    missing = ("docker", "kind", "kubectl", "openssl")[len(there)]
    assert done.returncode == 1
    assert f"setup: {missing} is missing. macOS: brew install " in done.stderr
    assert "Linux: " in done.stderr


def test_three_nodes_of_one_pinned_image(cluster: Object) -> None:
    assert [node["role"] for node in cluster["nodes"]] == ["control-plane", "worker", "worker"]
    (image,) = {node["image"] for node in cluster["nodes"]}
    assert re.fullmatch(r"kindest/node:v\d+\.\d+\.\d+@sha256:[0-9a-f]{64}", image)


def test_ports_of_services_are_opened_to_this_machine_alone(
    cluster: Object, rendered: Rendered, project: Path
) -> None:
    mappings = cluster["nodes"][0]["extraPortMappings"]
    assert {one["listenAddress"] for one in mappings} == {"127.0.0.1"}
    assert all(one["containerPort"] == one["hostPort"] for one in mappings)
    service = rendered("kind").one("Service", "serving-api-service")
    argocd = (project / "argocd" / "kind" / "kustomization.yaml").read_text()
    wanted = {port["nodePort"] for port in service["spec"]["ports"]}
    wanted |= {int(port) for port in re.findall(r"nodePort, value: (\d+)", argocd)}
    assert {one["hostPort"] for one in mappings} == wanted


def test_the_cluster_s_name_is_the_context_that_the_command_uses(
    cluster: Object, script: Path, project: Path
) -> None:
    (environments,) = read_yaml(project / "environments.yaml")
    context = environments["environments"]["kind"]["kubernetes"]["context"]
    assert context == f"kind-{cluster['name']}"
    assert f"cluster={cluster['name']} " in script.read_text()


def test_it_makes_every_secret_that_pods_want(script: Path, rendered: Rendered) -> None:
    made = dict(re.findall(r'^secret "\$namespace" (\S+) (.+)$', script.read_text(), re.MULTILINE))
    for pod in rendered("kind").pods():
        for one in pod.containers:
            for source in one.get("envFrom", []):
                assert "secretRef" not in source or source["secretRef"]["name"] in made
            for variable in one.get("env", []):
                if wanted := variable.get("valueFrom", {}).get("secretKeyRef"):
                    assert f"{wanted['key']}=" in made[wanted["name"]]


def test_pods_are_told_the_addresses_that_compose_opens(
    script: Path, rendered: Rendered, project: Path
) -> None:
    (compose,) = read_yaml(project / "docker-compose.yaml")
    ports = {name: one["ports"][0].rsplit(":", 1)[1] for name, one in compose["services"].items()}
    (services,) = (
        one
        for one in rendered("kind").of("ConfigMap")
        if one["metadata"]["name"].startswith("services-")
    )
    assert services["data"] == {
        "MLFLOW_S3_ENDPOINT_URL": f"http://host.docker.internal:{ports['localstack']}",
        "MLFLOW_TRACKING_URI": f"http://host.docker.internal:{ports['mlflow']}",
    }
    default = re.search(
        r"\$\{WEIGHBRIDGE_DATABASE_PASSWORD:-(\w+)\}",
        compose["services"]["postgres"]["environment"]["WEIGHBRIDGE_DATABASE_PASSWORD"],
    )
    assert default
    url = f"weighbridge:${{WEIGHBRIDGE_DATABASE_PASSWORD:-{default.group(1)}}}@host.docker.internal"
    assert f"postgresql://{url}:{ports['postgres']}/weighbridge" in script.read_text()


def test_images_are_built_from_the_room_they_are_named_after(
    rendered: Rendered, project: Path
) -> None:
    for pod in rendered("kind").pods():
        for one in pod.containers:
            name, _, _ = one["image"].partition(":")
            if name.startswith("ghcr.io/weighbridge/"):
                room = name.rsplit("-", 1)[1]
                assert (project / room / "Dockerfile").is_file(), name
    assert container(rendered("kind").pod("Deployment/serving-api-v7"), "server")
