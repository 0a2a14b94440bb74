"""Putting an environment onto the cluster by the steps that k8s/README.md names."""

import re
from collections.abc import Mapping
from pathlib import Path

from tests.cluster.argocd import Application
from tests.cluster.checkout import Checkout
from tests.cluster.kubectl import Kubectl

_HOST = "host.docker.internal"
_POLICIES = {
    "kind": "traffic.weighbridge",
    "staging": "traffic.weighbridge-staging",
}


def use_ports_of(checkout: Checkout, services: Mapping[str, str]) -> None:
    """Let the hybrid overlay name the ports that the tests' services listen on."""
    standard = {
        "4566": _port(services["MLFLOW_S3_ENDPOINT_URL"]),
        "5001": _port(services["MLFLOW_TRACKING_URI"]),
        "5432": _port(services["WEIGHBRIDGE_DATABASE_URL"]),
    }
    for file in sorted(Path(checkout.folder, "k8s", "components", "host-services").glob("*.yaml")):
        text = file.read_text()
        for before, after in standard.items():
            text = re.sub(rf"\b{before}\b", after, text)
        file.write_text(text)


def create_secrets(kubectl: Kubectl, services: Mapping[str, str]) -> None:
    """Make the namespace and the Secrets that the manifests refer to."""
    if not kubectl.exists("namespace", kubectl.namespace):
        kubectl.run("create", "namespace", kubectl.namespace)
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
    database = services["WEIGHBRIDGE_DATABASE_URL"]
    secrets = {
        "serving-s3": {key: services[key] for key in keys},
        "serving-database": {
            "WEIGHBRIDGE_DATABASE_URL": re.sub(r"@[^:/]+:", f"@{_HOST}:", database)
        },
        "serving-log": {"WEIGHBRIDGE_STICKY_SALT": "salt-of-the-tests"},
    }
    for name, values in secrets.items():
        create_secret(kubectl, name, values)


def create_secret(kubectl: Kubectl, name: str, values: Mapping[str, str]) -> None:
    """Make a Secret without showing it to who lists processes."""
    lines = "".join(f"{key}={value}\n" for key, value in values.items())
    kubectl.run("create", "secret", "generic", name, "--from-env-file=/dev/stdin", given=lines)


def create_application(
    checkout: Checkout, kubectl: Kubectl, environment: str, url: str
) -> Application:
    """Apply Argo CD's project and one Application, for this repository."""
    application = Application(kubectl.within("argocd"), f"weighbridge-{environment}")
    for path in ("argocd/project.yaml", f"argocd/applications/{environment}.yaml"):
        text = Path(checkout.folder, path).read_text()
        text = re.sub(r"https://github\.com/\S+?\.git", url, text)
        application.kubectl.run("apply", "--filename=-", given=text)
    return application


def remove_environment(kubectl: Kubectl, environment: str) -> None:
    """Remove all of an environment: deleting an Application alone leaves what it applied."""
    argocd = kubectl.within("argocd")
    gone = "--ignore-not-found"
    argocd.run("delete", "application", f"weighbridge-{environment}", gone, timeout_s=120)
    for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
        kubectl.run("delete", kind, _POLICIES[environment], gone)
    # Nobody calls any more, so nobody needs the minute that Envoy drains.
    kubectl.run("delete", "deployment,statefulset,job", "--all", "--wait=false")
    kubectl.run("delete", "pods", "--all", "--grace-period=1")
    kubectl.run("delete", "namespace", kubectl.namespace, gone, timeout_s=120)


def _port(url: str) -> str:
    found = re.search(r":(\d+)(/|$)", url)
    assert found, url
    return found.group(1)
