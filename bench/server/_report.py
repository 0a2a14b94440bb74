"""The table: Markdown for people, JSON for programs."""

import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc
import onnxruntime as ort  # type: ignore[import-untyped]  # it has no types

from bench.server._kinds import BARE, ECHO
from bench.server._rounds import Alone, Kind, Medians, Table
from bench.server._subjects import Running

_HEAD = (
    "call",
    "subject",
    "calls/s",
    "rows/s",
    "p50 ms",
    "p99 ms",
    "CPU µs/call",
    "CPU: bare, echo",
    "rate: bare",
    "p99: bare",
    "onnxruntime alone: CPU, rows/s",
)


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a process took: memory at the end, and the time to its first answer."""

    rss_mb: float
    cold_start_s: float


@dataclass(frozen=True, slots=True)
class Report:
    """All that one run found."""

    settings: Mapping[str, object]
    kinds: Sequence[Kind]
    table: Table
    alone: Mapping[int, Alone]
    footprints: Mapping[str, Footprint]

    def markdown(self) -> str:
        """Return the tables."""
        lines = [_row(_HEAD), "|" + "---|" * len(_HEAD)]
        lines += [_row(cells) for kind in self.kinds for cells in self._lines(kind)]
        lines += ["", _row(("process", "RSS MB", "first answer after s")), "|---|---|---|"]
        lines += [
            _row((name, f"{one.rss_mb:.0f}", f"{one.cold_start_s:.2f}"))
            for name, one in self.footprints.items()
        ]
        rows = ", ".join(
            f"{count}: {count / one.took_s:,.0f} ({one.cpu_s * 1e6:,.0f} µs of CPU a run)"
            for count, one in self.alone.items()
        )
        facts = ", ".join(f"{name} {value}" for name, value in self.settings.items())
        return "\n".join([*lines, "", f"onnxruntime alone, rows/s by rows a run: {rows}", facts])

    def write(self, folder: Path) -> None:
        """Write both forms."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "server.md").write_text(self.markdown() + "\n")
        values = {
            "settings": self.settings,
            "calls": {
                name: {subject: asdict(found) for subject, found in line.items()}
                for name, line in self.table.items()
            },
            "onnxruntime_alone": {str(rows): asdict(found) for rows, found in self.alone.items()},
            "processes": {name: asdict(found) for name, found in self.footprints.items()},
        }
        (folder / "server.json").write_text(json.dumps(values, indent=2) + "\n")

    def _lines(self, kind: Kind) -> Iterator[tuple[str, ...]]:
        line = self.table[kind.name]
        alone = self.alone[kind.rows]
        for name, found in line.items():
            rows_per_s = found.calls_per_s * kind.rows
            bare, echo = line.get(BARE), line.get(ECHO)
            yield (
                kind.name,
                name,
                f"{found.calls_per_s:,.0f}",
                f"{rows_per_s:,.0f}",
                f"{found.p50_ms:.2f}",
                f"{found.p99_ms:.2f}",
                f"{found.cpu_us:,.0f}",
                f"{_ratio(found, bare, 'cpu_us')}, {_ratio(found, echo, 'cpu_us')}",
                _ratio(found, bare, "calls_per_s"),
                _ratio(found, bare, "p99_ms"),
                f"{found.cpu_us / alone.cpu_s / 1e6:.2f}, {found.calls_per_s * alone.took_s:.2f}",
            )


def describe_run(running: Sequence[Running], **options: object) -> dict[str, object]:
    """Name what the figures depend on."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count() or 0,
        "load": f"{os.getloadavg()[1]:.1f}",
        "python": platform.python_version(),
        "grpcio": grpc.__version__,
        "onnxruntime": ort.__version__,
        **options,
        "subjects": " / ".join(one.subject.name for one in running),
    }


def _ratio(found: Medians, other: Medians | None, name: str) -> str:
    if other is None:
        return "-"
    return f"{getattr(found, name) / getattr(other, name):.2f}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
