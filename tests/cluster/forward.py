"""`kubectl port-forward`, for calls to what has no port outside, or to one pod and no other."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.kubectl import Kubectl


@contextmanager
def forwarded(kubectl: Kubectl, target: str, port: int) -> Iterator[str]:
    """Yield an address of this machine behind which a `pod/…`, or one of a `service/…`, is."""
    command = [
        "kubectl",
        f"--kubeconfig={kubectl.kubeconfig}",
        f"--namespace={kubectl.namespace}",
        "port-forward",
        target,
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
