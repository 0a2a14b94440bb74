"""Interleaved rounds: each subject's turn comes often, so that a noisy minute hits all alike."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.server import _h2load, _loop
from bench.server._h2load import Load, Measured
from bench.server._subjects import Running

_WARM_UP_CALLS_IN_FLIGHT: Final = 8


@dataclass(frozen=True, slots=True)
class Kind:
    """A line of the table: a load, who gets it, and how many rows each call has."""

    name: str
    load: Load
    rows: int
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One subject's turn."""

    measured: Measured
    cpu_us: float


@dataclass(frozen=True, slots=True)
class Medians:
    """One subject's figures for one kind of call over all rounds."""

    calls_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    calls: int


@dataclass(frozen=True, slots=True)
class Alone:
    """A run of the graph without a server: how long it took, and the processor time of it."""

    took_s: float
    cpu_s: float


Table = dict[str, dict[str, Medians]]
"""Medians by kind and subject."""


class Rounds:
    """Runs the kinds over the running subjects and keeps every sample."""

    def __init__(
        self, kinds: Sequence[Kind], subjects: Mapping[str, Running], *, seconds: float
    ) -> None:
        self._kinds = kinds
        self._subjects = subjects
        self._seconds = seconds
        self._calls: dict[tuple[str, str], int] = {}
        self._answer_bytes: dict[tuple[str, str], int] = {}
        self._samples: dict[tuple[str, str], list[Sample]] = defaultdict(list)
        self._loop: dict[int, list[tuple[float, float]]] = defaultdict(list)

    def warm_up(self) -> None:
        """Answer each kind for a while, and find out how many calls fill a turn."""
        for kind, running in self._turns():
            key = kind.name, running.subject.name
            self._answer_bytes[key] = len(running.ask(kind.load.path, kind.load.content))
            calls = kind.load.in_flight * _WARM_UP_CALLS_IN_FLIGHT
            self._send(kind, running, calls)
            seen = self._send(kind, running, calls)
            wanted = int(seen.calls / seen.seconds * self._seconds)
            self._calls[key] = max(wanted, kind.load.in_flight)

    def run(self, number: int, loop: _loop.OnnxLoop) -> None:
        """Run one round: all kinds, the subjects in turn, every second round backwards."""
        for rows in sorted({kind.rows for kind in self._kinds}):
            self._loop[rows].append(loop.run_s(rows, self._seconds))
        for kind, running in self._turns(backwards=number % 2 == 1):
            key = kind.name, running.subject.name
            used = running.cpu_s()
            measured = self._send(kind, running, self._calls[key])
            used = running.cpu_s() - used
            self._samples[key].append(Sample(measured, used / measured.calls * 1e6))

    def table(self) -> Table:
        """Return the medians so far."""
        return {
            kind.name: {
                name: _medians(self._samples[kind.name, name])
                for name in kind.subjects
                if (kind.name, name) in self._samples
            }
            for kind in self._kinds
        }

    def alone(self) -> dict[int, Alone]:
        """Return what a run of the graph takes without a server, by rows."""
        return {
            rows: Alone(median(took for took, _ in found), median(used for _, used in found))
            for rows, found in self._loop.items()
        }

    def _turns(self, *, backwards: bool = False) -> Iterator[tuple[Kind, Running]]:
        for kind in self._kinds:
            names = [name for name in kind.subjects if name in self._subjects]
            for name in reversed(names) if backwards else names:
                yield kind, self._subjects[name]

    def _send(self, kind: Kind, running: Running, calls: int) -> Measured:
        key = kind.name, running.subject.name
        return _h2load.send(kind.load, running, calls=calls, answer_bytes=self._answer_bytes[key])


def _medians(samples: Sequence[Sample]) -> Medians:
    seen = [sample.measured for sample in samples]
    return Medians(
        calls_per_s=median(one.calls / one.seconds for one in seen),
        p50_ms=median(one.p50_ms for one in seen),
        p99_ms=median(one.p99_ms for one in seen),
        cpu_us=median(sample.cpu_us for sample in samples),
        calls=sum(one.calls for one in seen),
    )
