"""Brings the stack up: every part that is not running yet, in the order of their needs."""

import contextlib
import time
from collections.abc import Callable

from rich.console import Console

from weighbridge_ingress import Refused, ReportError, fetch_report
from weighbridge_ingress.tokens import create_signing_key
from weighbridge_predictionlog import migrate
from weighbridge_stack import _models, _preflight
from weighbridge_stack._catalog import catalog, server_name
from weighbridge_stack._errors import StartError
from weighbridge_stack._hints import how_to_mend, how_to_pin
from weighbridge_stack._layout import Layout
from weighbridge_stack._model_name import is_own
from weighbridge_stack._parts import _agent, _envoy, _mlflow, _postgres, _s3, _server, _shipper
from weighbridge_stack._process import Part, Processes, Record
from weighbridge_stack._progress import Progress
from weighbridge_stack._repository import create_repository
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
        self._served: list[str] = []
        self._refused: Refused | None = None

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

    @property
    def hints(self) -> list[str]:
        """What the run has left for a person to do."""
        waiting = [one for one in self._layout.versions if one not in self._served]
        pins = how_to_pin(self._layout, waiting)
        refused = [how_to_mend(self._layout, self._refused)] if self._refused else []
        return [*pins.values(), *refused]

    def _steps(self) -> list[Step]:
        layout = self._layout
        # Once the pins stand in Git, servers need neither MLflow nor the registry to start.
        # Those of a model that is not trained here are written by people.
        nothing_to_make = bool(_models.pinned(layout)) or is_own(layout.model_name)
        servers = [
            self._server(version, ["s3", "repository"] if nothing_to_make else ["pins"])
            for version in layout.versions
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
            *([] if nothing_to_make else first_start),
            *servers,
            Step("shipper", ["databases"], lambda: self._start(_shipper.part(layout))),
            Step("agent", ["repository"], lambda: self._start(_agent.part(layout))),
            Step(
                "envoy",
                ["agent", "keys", *(step.name for step in servers)],
                lambda: self._start(_envoy.part(layout)),
            ),
            Step("retired", ["envoy"], self._stop_retired),
            Step("in step", ["envoy"], self._wait_until_in_step),
            Step("healthy", ["envoy"], self._wait_until_healthy),
        ]

    def _server(self, version: str, needs: list[str]) -> Step:
        return Step(server_name(version), needs, lambda: self._serve(version))

    def _serve(self, version: str) -> None:
        """Start a version's server; one without a pin is no reason to keep the others from work."""
        if pin := _models.pin_of(self._layout, version):
            self._start(_server.part(self._layout, version, pin))
            self._served.append(version)
        else:
            self._progress.note(f"Model server {version}", "not pinned")

    def _start(self, part: Part) -> None:
        where = f"port {part.port}" if part.port else ""
        running = self._processes.running(part.name)
        if running and running.reads_digest == part.reads_digest():
            with self._progress.step(part.title, f"{where}, runs already".removeprefix(", ")):
                return
        detail = f"{where}, anew, since its files have changed" if running else where
        with self._progress.step(part.title, detail):
            if running:
                self._processes.stop(running)
            record = self._processes.start(part)
        if not running:  # what ran before stays, whatever else goes wrong
            self._started.append(record)

    def _stop_retired(self) -> None:
        """Stop the servers of versions that are gone, now that Envoy sends them no calls."""
        names = {entry.name for entry in catalog(self._layout.versions)}
        for record in self._processes.records():
            if record.name not in names:
                with self._progress.step(f"Stop {record.name}", "no version of Envoy's any more"):
                    self._processes.stop(record)

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
        with self._progress.step("Pins", "version and SHA-256 of each model, in Git"):
            _models.pin(self._layout)

    def _wait_until_in_step(self) -> None:
        with self._progress.step("Agent has read Git"):
            _until(self._in_step, self._why_not)
        if self._refused:
            self._progress.note("Git and Envoy", "do not agree: the traffic file is refused")

    def _wait_until_healthy(self) -> None:
        with self._progress.step("Envoy sees all servers"):
            _until(
                _envoy.HealthChecks(self._layout, self._served).all_passed,
                lambda: f"Envoy holds a server for sick: see {self._layout.admin_url}/clusters",
            )

    def _in_step(self) -> bool:
        report = fetch_report(self._layout.agent_url, timeout_s=2)
        self._refused = report.refused
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
