"""What a server's container is made of, asked from inside."""

import json

from tests.cluster.environment import ClusterEnvironment
from tests.cluster.metrics import samples

_ASK = """
import importlib.util, json, os, shutil
def writable(folder):
    try:
        open(os.path.join(folder, "probe"), "w").close()
        os.remove(os.path.join(folder, "probe"))
    except OSError:
        return False
    return True
print(json.dumps({
    "packages": [n for n in %r if importlib.util.find_spec(n)],
    "programs": [n for n in %r if shutil.which(n)],
    "user": os.getuid(),
    "writable": [f for f in %r if writable(f)],
    "token": os.path.exists("/var/run/secrets/kubernetes.io/serviceaccount/token"),
}))
"""
_TOO_MUCH = ["mlflow", "pandas", "sklearn", "scipy", "fastapi", "flask", "pip", "setuptools"]
_PROGRAMS = ["gcc", "cc", "pip", "uv", "git", "curl"]
_FOLDERS = ["/", "/tmp", "/opt/weighbridge", "/var/lib/weighbridge/spool"]


def test_a_server_holds_no_more_than_it_needs(kind: ClusterEnvironment) -> None:
    pod = kind.pods("v7")[0]["metadata"]["name"]
    script = _ASK % (_TOO_MUCH, _PROGRAMS, _FOLDERS)
    said = kind.kubectl.run("exec", pod, "--container=server", "--", "python", "-c", script)
    assert json.loads(said) == {
        "packages": [],
        "programs": [],
        "user": 65532,
        "writable": ["/var/lib/weighbridge/spool"],
        "token": False,
    }


def test_images_carry_their_commit(kind: ClusterEnvironment, image_tag: str) -> None:
    for pod in (*kind.pods("v6"), *kind.pods("v7")):
        for container in pod["spec"]["containers"]:
            assert container["image"].endswith(f"/weighbridge-server:{image_tag}")


def test_a_server_s_metrics_name_its_model(kind: ClusterEnvironment) -> None:
    for version in ("v6", "v7"):
        for pod in kind.pods(version):
            name = pod["metadata"]["name"]
            (info,) = samples(kind.kubectl, name, "weighbridge_server_model_info")
            assert info.value == 1
            assert info.labels["version"] == version.removeprefix("v")
            assert info.labels["mode"] == "pinned"
