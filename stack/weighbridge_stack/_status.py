"""Tells of each part whether it runs, and where."""

from dataclasses import asdict, dataclass

from weighbridge_stack._catalog import CATALOG
from weighbridge_stack._layout import Layout
from weighbridge_stack._process import Processes


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part as it is now."""

    name: str
    # "running", "died" (started, and ended without being asked to) or "stopped"
    state: str
    port: int | None
    pid: int | None
    log: str | None

    def as_dict(self) -> dict[str, object]:
        """Return the fields for printing as JSON."""
        return asdict(self)


def status(layout: Layout) -> list[PartStatus]:
    """Return the state of every part, in the order in which they are started."""
    processes = Processes(layout.home)
    found = []
    for entry in CATALOG:
        name, port = entry.name, entry.port(layout.settings)
        record = processes.record(name)
        if record is None:
            found.append(PartStatus(name, "stopped", port, None, None))
        elif record.process() is None:
            found.append(PartStatus(name, "died", record.port, None, record.log))
        else:
            found.append(PartStatus(name, "running", record.port, record.pid, record.log))
    return found
