"""Tells of each part whether it runs, and where."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from weighbridge_stack._catalog import Entry, catalog, server_name
from weighbridge_stack._hints import how_to_pin
from weighbridge_stack._layout import Layout
from weighbridge_stack._model_name import is_own
from weighbridge_stack._models import pinned
from weighbridge_stack._process import Processes


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part as it is now."""

    name: str
    # "running", "died" (started, and ended without being asked to), "stopped", "not pinned" (a
    # version whose model nobody has named yet) or "retired" (runs, of a version that is gone)
    state: str
    port: int | None
    pid: int | None = None
    log: str | None = None
    # What a person could do about it.
    hint: str | None = None

    @property
    def is_well(self) -> bool:
        """Whether `make up` would leave it as it is."""
        return self.state in ("running", "not pinned")

    def as_dict(self) -> dict[str, object]:
        """Return the fields for printing as JSON."""
        return asdict(self)


def status(layout: Layout) -> list[PartStatus]:
    """Return the state of every part, in the order in which they are started."""
    processes, entries = Processes(layout.home), catalog(layout.versions)
    hints = _hints(layout)
    found = [_part(entry, layout, processes, hints.get(entry.name)) for entry in entries]
    return [*found, *_retired(processes, {entry.name for entry in entries})]


def _hints(layout: Layout) -> dict[str, str]:
    """Tell of each version that waits for a person to pin it; a first start may pin by itself."""
    pins = pinned(layout)
    if not pins and not is_own(layout.model_name):
        return {}
    waiting = [version for version in layout.versions if version not in pins]
    return {server_name(version): text for version, text in how_to_pin(layout, waiting).items()}


def _part(entry: Entry, layout: Layout, processes: Processes, hint: str | None) -> PartStatus:
    name, port = entry.name, entry.port(layout.settings)
    record = processes.record(name)
    if record and record.process():
        return PartStatus(name, "running", record.port, record.pid, record.log)
    if hint:
        return PartStatus(name, "not pinned", port, hint=hint)
    if record:
        return PartStatus(name, "died", record.port, log=record.log)
    return PartStatus(name, "stopped", port)


def _retired(processes: Processes, names: set[str]) -> Iterator[PartStatus]:
    for record in processes.records():
        if record.name not in names and record.process():
            hint = f"{record.name} is left of a version that is gone: `make up` stops it."
            yield PartStatus(record.name, "retired", record.port, record.pid, record.log, hint)
