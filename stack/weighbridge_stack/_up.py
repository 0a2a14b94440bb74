"""Brings the stack up: every part that is not running yet, in the order of their needs."""

import contextlib
import time
from collections.abc import Callable

from rich.console import Console

from weighbridge_ingress import ReportError, fetch_report
from weighbridge_ingress.tokens import create_signing_key
from weighbridge_predictionlog import migrate
from weighbridge_stack import _models, _preflight
from weighbridge_stack._errors import StartError
from weighbridge_stack._layout import Layout
from weighbridge_stack._parts import _agent, _envoy, _mlflow, _postgres, _s3, _server, _shipper
from weighbridge_stack._process import Part, Processes, Record
from weighbridge_stack._progress import Progress
from weighbridge_stack._repository import create_repository
from weighbridge_stack._settings import SERVING_VERSIONS
from weighbridge_stack._signals import undisturbed
from weighbridge_stack._steps import Step, run_steps

_SETTLED_WITHIN_S = 30


class Up:
    """One run of `make up`."""

    def __init__(self, layout: Layout, console: Console) -> None:
        self._layout = layout
        self._progress = Progress(console)
        self._processes = Processes(layout.home)
        self._started: list[Record] = []

    def run(self) -> float:
        """Start what is missing; return the seconds it took. On an error nothing new stays."""
        self._processes.make_folders()
        self._processes.end_leftovers()
        _preflight.check(self._layout, self._processes)
        self._layout.write_environment()
        try:
            with self._progress:
                run_steps(self._steps(), self._processes.given_up.set)
        except BaseException:
            with undisturbed(), self._progress.step("Stop what was started"):
                for record in reversed(self._started):
                    self._processes.stop(record)
            raise
        return self._progress.elapsed_s

    def _steps(self) -> list[Step]:
        layout = self._layout
        # Once the pins stand in Git, servers need neither MLflow nor the registry to start.
        pinned = _models.are_pinned(layout)
        versions = [
            self._part(f"server-{version}", ["s3", "repository"] if pinned else ["pins"], version)
            for version in SERVING_VERSIONS
        ]
        first_start = [
            Step("models", ["mlflow"], self._register),
            Step("pins", ["models", "repository"], self._pin),
        ]
        return [
            Step("cluster", [], lambda: _postgres.create_cluster(layout)),
            Step("postgres", ["cluster"], lambda: self._start(_postgres.part(layout))),
            Step("databases", ["postgres"], self._databases),
            Step("s3", [], lambda: self._start(_s3.part(layout))),
            Step("keys", [], lambda: create_signing_key(layout.keys)),
            Step("repository", [], self._repository),
            Step("mlflow", ["databases", "s3"], lambda: self._start(_mlflow.part(layout))),
            *([] if pinned else first_start),
            *versions,
            Step("shipper", ["databases"], lambda: self._start(_shipper.part(layout))),
            Step("agent", ["repository"], lambda: self._start(_agent.part(layout))),
            Step(
                "envoy",
                ["agent", "keys", *(step.name for step in versions)],
                lambda: self._start(_envoy.part(layout)),
            ),
            Step("in step", ["envoy"], self._wait_until_in_step),
            Step("healthy", ["envoy"], self._wait_until_healthy),
        ]

    def _part(self, name: str, needs: list[str], version: str) -> Step:
        return Step(name, needs, lambda: self._start(_server.part(self._layout, version)))

    def _start(self, part: Part) -> None:
        where = f"port {part.port}" if part.port else ""
        if self._processes.running(part.name):
            with self._progress.step(part.title, f"{where}, runs already".removeprefix(", ")):
                return
        with self._progress.step(part.title, where):
            self._started.append(self._processes.start(part))

    def _databases(self) -> None:
        with self._progress.step("Databases", "created and migrated"):
            _postgres.create_databases(self._layout)
            migrate(self._layout.database_url())

    def _repository(self) -> None:
        with self._progress.step("Git repository", str(self._layout.repository)):
            create_repository(self._layout)

    def _register(self) -> None:
        with self._progress.step("Models", "seven versions in the registry"):
            _models.write_sample(self._layout)
            _models.register(self._layout, lambda text: self._progress.note("Models", text))

    def _pin(self) -> None:
        with self._progress.step("Pins", "version and SHA-256 of v6 and v7, in Git"):
            _models.pin(self._layout)

    def _wait_until_in_step(self) -> None:
        with self._progress.step("Git and Envoy agree"):
            _until(self._in_step, self._why_not)

    def _wait_until_healthy(self) -> None:
        with self._progress.step("Envoy sees all servers"):
            _until(
                _envoy.HealthChecks(self._layout).all_passed,
                lambda: f"Envoy holds a server for sick: see {self._layout.admin_url}/clusters",
            )

    def _in_step(self) -> bool:
        report = fetch_report(self._layout.agent_url, timeout_s=2)
        return report.in_step or report.refused is not None

    def _why_not(self) -> str:
        try:
            report = fetch_report(self._layout.agent_url, timeout_s=2)
        except ReportError as error:
            return f"Envoy does not run what Git says: {error}"
        reason = report.error or f"wanted {report.wanted}, running {report.running}"
        return f"Envoy does not run what Git says: {reason}"


def _until(condition: Callable[[], bool], why_not: Callable[[], str]) -> None:
    deadline = time.monotonic() + _SETTLED_WITHIN_S
    while True:
        with contextlib.suppress(ReportError, OSError):
            if condition():
                return
        if time.monotonic() > deadline:
            raise StartError(f"After {_SETTLED_WITHIN_S} s: {why_not()}")
        time.sleep(0.05)  # between two looks at a condition
