"""The place where an environment's commits take effect: its agents, and Argo CD before them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from weighbridge_rollout._agents import AgentState, ask_agents, known_versions
from weighbridge_rollout._errors import ClusterError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge_rollout._argocd import ArgoCd
    from weighbridge_rollout._cluster import Cluster
    from weighbridge_rollout._environment import Environment
    from weighbridge_rollout._pods import Pod

_PRODUCT = "app.kubernetes.io/part-of=weighbridge"


class Site:
    """Agents and Argo CD of an environment, connected to when first asked, for one command."""

    def __init__(self, environment: Environment, stack: ExitStack) -> None:
        self.environment = environment
        self._stack = stack
        self._clusters: dict[str | None, Cluster] = {}

    @property
    def has_agents(self) -> bool:
        """Whether there is anybody who could confirm a commit."""
        return bool(self.environment.agents or self.environment.kubernetes)

    def ask(self) -> tuple[AgentState, ...]:
        """Ask all agents that there are now; ClusterError or SettingsError if none can be asked."""
        agents = self.environment.kubernetes
        if agents is None:
            return ask_agents(self.environment.agents)
        from weighbridge_rollout._pod_agents import ask_pods

        return ask_pods(self._cluster(agents.context), agents)

    def known_versions(self, *, must_know_place: bool) -> frozenset[str] | None:
        """Return the versions that all agents know; None if none can be asked.

        A cluster that is away must not keep anyone from writing to Git. A context that the
        kubeconfig lacks is a mistake of whoever wants to wait for its agents (SettingsError).
        """
        try:
            return known_versions(self.ask())
        except ClusterError:
            return None
        except SettingsError as error:
            if not must_know_place:
                return None
            raise SettingsError(
                f"{error}\nNothing was written; with --no-wait it is, and nobody is asked"
            ) from error

    def waiting_pods(self) -> tuple[Pod, ...]:
        """Return the product's pods that are not ready; none where pods are not known."""
        agents = self.environment.kubernetes
        if agents is None:
            return ()
        from weighbridge_rollout._pod_agents import list_pods

        pods = list_pods(self._cluster(agents.context), agents.namespace, _PRODUCT)
        return tuple(pod for pod in pods if pod.not_ready)

    def argocd(self) -> ArgoCd | None:
        """Return Argo CD, None where agents read Git themselves. Raises as `ask`."""
        place = self.environment.argocd
        if place is None:
            return None
        from weighbridge_rollout._argocd import ArgoCd

        return ArgoCd(self._cluster(place.context), place)

    def _cluster(self, context: str | None) -> Cluster:
        if context not in self._clusters:
            from weighbridge_rollout._cluster import open_cluster

            opened = self._stack.enter_context(open_cluster(context))
            self._clusters[context] = opened
        return self._clusters[context]


@contextmanager
def open_site(environment: Environment) -> Iterator[Site]:
    """Connect to nobody yet; what was connected to is closed at the end."""
    with ExitStack() as stack:
        yield Site(environment, stack)
