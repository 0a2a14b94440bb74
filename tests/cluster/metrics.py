"""What a pod's metrics say."""

import urllib.request

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.cluster.forward import forwarded
from tests.cluster.kubectl import Kubectl

_PORT = 9464


def samples(kubectl: Kubectl, pod: str, name: str) -> list[Sample]:
    """Return a metric's samples, as a pod of a model server gives them."""
    # Not through the API server, as agents are asked: network policies let in who scrapes.
    with (
        forwarded(kubectl, f"pod/{pod}", _PORT) as address,
        urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer,
    ):
        text = answer.read().decode()
    families = text_string_to_metric_families(text)
    return [one for family in families for one in family.samples if one.name == name]
