"""The Deployment that follows an alias, pod by pod."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import grpc
import psycopg

from logistics.delay.v1.delay_service_pb2 import GetModelRequest
from logistics.delay.v1.delay_service_pb2_grpc import DelayServiceStub
from logistics.delay.v1.model_pb2 import ServedModel
from tests.cluster.environment import RATE, ClusterEnvironment
from tests.cluster.forward import forwarded
from tests.cluster.pods import Pod, ready_since, restarts
from tests.counting import eventually
from tests.load import Counted, load

SELECTOR = "app.kubernetes.io/name=serving-api"
_GRPC_PORT = 9000


@dataclass(frozen=True)
class AliasServers:
    """The environment, and an address for each of the Deployment's pods."""

    environment: ClusterEnvironment
    targets: Mapping[str, str]

    def pods(self) -> list[Pod]:
        """Return the Deployment's pods."""
        return self.environment.kubectl.pods(SELECTOR)

    def models(self) -> list[ServedModel]:
        """Return what each pod says of its model."""
        found = []
        for target in self.targets.values():
            with grpc.insecure_channel(target) as channel:
                answer = DelayServiceStub(channel).GetModel(GetModelRequest(), timeout=10)
            found.append(answer.model)
        return found

    def versions(self) -> set[str]:
        """Return the registry's numbers of what the pods serve."""
        return {model.model.version for model in self.models()}

    def seconds_until(self, check: Callable[[ServedModel], bool], within_s: float) -> float:
        """Wait until every pod's model is as wanted; return how long that took."""
        begun = time.monotonic()

        def all_are() -> None:
            models = self.models()
            assert all(check(model) for model in models), models

        eventually(all_are, within_s)
        return time.monotonic() - begun

    def seconds_until_served(self, version: str, within_s: float = 60) -> float:
        """Wait until every pod serves a version; return how long that took."""
        return self.seconds_until(lambda model: model.model.version == version, within_s)

    @contextmanager
    def under_load(self, what: str, calls: int) -> Iterator[Counted]:
        """Call every pod while the block runs, and then until there were enough calls.

        No call may be lost, no pod may have restarted or stopped being ready meanwhile, and each
        row of the log names the version that its answer named.
        """
        before = self._lives()
        everything = Counted()
        with ExitStack() as stack:
            each = [
                stack.enter_context(
                    load(target, self.environment.rows, rate=RATE / len(self.targets), limit_s=150)
                )
                for target in self.targets.values()
            ]
            yield everything

            def are_enough() -> None:
                assert sum(counted.calls for counted in each) >= calls

            eventually(are_enough, within_s=120)
        for counted in each:
            everything.predictions += counted.predictions
            everything.errors += counted.errors
        self.environment.assert_none_lost(everything, what)
        assert self._lives() == before
        self._assert_rows_name_what_answered(everything)

    def _lives(self) -> dict[str, tuple[int, str]]:
        return {
            pod["metadata"]["uid"]: (restarts(pod, "server"), ready_since(pod))
            for pod in self.pods()
        }

    def _assert_rows_name_what_answered(self, counted: Counted) -> None:
        answered = {one.prediction_id: one.model.version for one in counted.predictions}
        query = (
            "SELECT prediction_id::text, model_version FROM calls"
            " WHERE prediction_id = ANY(%s::uuid[])"
        )

        def rows_do() -> None:
            with psycopg.connect(self.environment.database_url) as connection:
                rows = connection.execute(query, (list(answered),)).fetchall()
            assert len(rows) == len(answered)
            assert dict(rows) == answered

        eventually(rows_do, within_s=40)


@contextmanager
def alias_servers(environment: ClusterEnvironment) -> Iterator[AliasServers]:
    """Open a way to each pod of the Deployment."""
    names = [pod["metadata"]["name"] for pod in environment.kubectl.pods(SELECTOR)]
    with ExitStack() as stack:
        targets = {
            name: stack.enter_context(forwarded(environment.kubectl, f"pod/{name}", _GRPC_PORT))
            for name in names
        }
        yield AliasServers(environment, targets)
