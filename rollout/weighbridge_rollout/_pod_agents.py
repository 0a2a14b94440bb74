"""Ask the agents of a cluster, each by its pod, through the API server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from weighbridge_ingress import Report, ReportError
from weighbridge_rollout._agents import ASK_TIMEOUT_S, AgentState
from weighbridge_rollout._cluster import Refused
from weighbridge_rollout._errors import ClusterError
from weighbridge_rollout._pods import Pod, standing_pods

if TYPE_CHECKING:
    from weighbridge_rollout._cluster import Cluster
    from weighbridge_rollout._environment import ClusterAgents

_AT_ONCE = 16


def list_pods(cluster: Cluster, namespace: str, selector: str) -> tuple[Pod, ...]:
    """Return the pods with a label that are there to stay. Raises ClusterError."""
    listed = cluster.get_object(
        f"api/v1/namespaces/{namespace}/pods",
        {"labelSelector": selector},
        right=f"list pods in namespace {namespace}",
    )
    return standing_pods(listed or {})


def ask_pods(cluster: Cluster, agents: ClusterAgents) -> tuple[AgentState, ...]:
    """Look which pods there are now, and ask their agents at once.

    An agent that does not answer is part of the answer; ClusterError if none can be asked, be it
    because there are no pods.
    """
    pods = list_pods(cluster, agents.namespace, agents.selector)
    if not pods:
        raise ClusterError(
            f"{cluster.name} has no pod with {agents.selector} in namespace {agents.namespace}: "
            "no Envoy runs there yet"
        )
    with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(pods))) as pool:
        return tuple(pool.map(lambda pod: _ask(cluster, agents, pod), pods))


def report_path(agents: ClusterAgents, pod: str) -> str:
    """Return the API server's address of an agent's report."""
    return f"api/v1/namespaces/{agents.namespace}/pods/{pod}:{agents.port}/proxy/report"


def _ask(cluster: Cluster, agents: ClusterAgents, pod: Pod) -> AgentState:
    try:
        body = cluster.get(report_path(agents, pod.name), timeout_s=ASK_TIMEOUT_S)
        return AgentState(pod.name, Report.from_json(body), None, pod.not_ready)
    except Refused as refused:
        if refused.code in (401, 403):  # so it is for every pod
            right = f"get pods/proxy in namespace {agents.namespace}"
            raise cluster.error(refused, right) from refused
        return AgentState(pod.name, None, str(refused), pod.not_ready)
    except (ClusterError, ReportError) as error:
        return AgentState(pod.name, None, str(error), pod.not_ready)
