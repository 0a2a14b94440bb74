"""`kubectl port-forward`, for the few calls to what has no port outside."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.kubectl import Kubectl


@contextmanager
def forwarded(kubectl: Kubectl, service: str, port: int) -> Iterator[str]:
    """Yield an address of this machine behind which a pod of the Service is."""
    command = [
        "kubectl",
        f"--kubeconfig={kubectl.kubeconfig}",
        f"--namespace={kubectl.namespace}",
        "port-forward",
        f"service/{service}",
        f":{port}",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout
        line = process.stdout.readline()
        found = re.search(r"127\.0\.0\.1:(\d+)", line)
        assert found, line
        yield f"127.0.0.1:{found.group(1)}"
    finally:
        process.terminate()
        process.communicate(timeout=10)
