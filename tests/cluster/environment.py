"""One environment of the product on the cluster under test."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.cluster.argocd import Application
from tests.cluster.checkout import Checkout
from tests.cluster.figures import note
from tests.cluster.git_host import GitHost
from tests.cluster.kubectl import Kubectl
from tests.counting import eventually
from tests.load import Counted, load, send

Rows = Sequence[dict[str, object]]

RATE = 150  # calls per second: cluster, pods and load share two cores
CALLS = 5_000


@dataclass(frozen=True)
class ClusterEnvironment:
    """Where it is, and how to work on it."""

    name: str
    kubectl: Kubectl
    application: Application
    host: GitHost
    checkout: Checkout
    target: str
    database_url: str
    rows: Rows

    def rollout(self, *arguments: str) -> str:
        """Run `weighbridge rollout … -e <name>`, which must succeed."""
        return self.checkout.weighbridge("rollout", *arguments, "-e", self.name)

    def set(self, percent: str) -> None:
        """Give the canary a share and wait until it is live."""
        self.rollout("set", percent)
        self.checkout.pull()

    @property
    def traffic_file(self) -> str:
        """The traffic file inside the repository."""
        return f"envoy/traffic/{self.name}/traffic.yaml"

    def commit_percent(self, percent: str) -> float:
        """Change the split with an editor and plain git; return when it was pushed."""
        self.checkout.pull()
        change = (r"canary-percent: .*", f'canary-percent: "{percent}"')
        self.checkout.edit(self.traffic_file, change)
        return self.checkout.push(f"Give the canary {percent} %")

    def envoys(self) -> frozenset[str]:
        """Name the pods of Envoy and its agent."""
        pods = self.kubectl.pods("app.kubernetes.io/name=serving-ingress")
        return frozenset(pod["metadata"]["name"] for pod in pods)

    def agents(self) -> dict[str, dict[str, Any]]:
        """Return each agent's report, by its pod."""
        reports = {}
        for name in self.envoys():
            path = f"/api/v1/namespaces/{self.kubectl.namespace}/pods/{name}:9903/proxy/report"
            done = self.kubectl.done("get", "--raw", path)
            if done.returncode == 0:
                reports[name] = json.loads(done.stdout)
        return reports

    def weights(self) -> list[dict[str, int]]:
        """Return what each Envoy runs."""
        running = (report.get("running") for report in self.agents().values())
        return [state["weights"] if state else {} for state in running]

    def seconds_until_live(self, at: float, weights: dict[str, int], within_s: float) -> float:
        """Wait until every Envoy runs these weights; return the seconds since `at`."""

        def is_live() -> None:
            running = self.weights()
            assert running, "no agent answers"
            assert all(one == weights for one in running), running

        eventually(is_live, within_s)
        return time.monotonic() - at

    def pods(self, version: str) -> list[dict[str, Any]]:
        """Return the pods of a version."""
        return self.kubectl.pods(f"weighbridge.dev/version={version}")

    def send(self, calls: int) -> Counted:
        """Send so many calls, one after the other."""
        repeated = [self.rows[index % len(self.rows)] for index in range(calls)]
        return send(self.target, repeated)

    @contextmanager
    def under_load(self, calls: int = CALLS, limit_s: float = 150) -> Iterator[Counted]:
        """Send calls while the block runs, and then until there were enough of them."""
        with load(self.target, self.rows, rate=RATE, limit_s=limit_s) as counted:

            def has_begun() -> None:
                assert counted.calls > RATE / 2

            eventually(has_begun, within_s=20)
            yield counted

            def has_enough() -> None:
                assert counted.calls >= calls, counted.calls

            eventually(has_enough, within_s=120)

    def assert_none_lost(self, counted: Counted, what: str) -> None:
        """Fail if a call failed; keep the figure."""
        reasons = Counter(str(error) for error in counted.errors)
        note(f"{what}: {len(counted.errors)} of {counted.calls} calls lost")
        assert not counted.errors, reasons

    def assert_all_logged(self, counted: Counted) -> None:
        """Fail if an answered call is not exactly one row of the view `calls`."""
        ids = [one.prediction_id for one in counted.predictions]

        def are_there() -> None:
            with psycopg.connect(self.database_url) as connection:
                query = "SELECT count(*) FROM calls WHERE prediction_id = ANY(%s::uuid[])"
                row = connection.execute(query, (ids,)).fetchone()
            assert row == (len(ids),)

        eventually(are_there, within_s=40)
