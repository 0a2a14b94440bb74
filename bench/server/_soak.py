"""Many calls to one process: does its memory stay where it is?"""

import sys
from typing import Final

from bench.server import _h2load
from bench.server._kinds import PRODUCT, kinds
from bench.server._subjects import Running
from weighbridge_predictionlog.spool import list_segments

_PARTS: Final = 20
_SETTLED: Final = 2  # parts: a tenth of the calls


def soak(running: Running, calls: int) -> float:
    """Send the calls in parts and print the memory after each; return end over a tenth's."""
    (load,) = (kind.load for kind in kinds(()) if kind.name == "Predict, 64 in flight")
    answer_bytes = len(running.ask(load.path, load.content))
    seen: list[float] = []
    for part in range(_PARTS):
        sent = max(calls // _PARTS, load.in_flight)
        _h2load.send(load, running, calls=sent, answer_bytes=answer_bytes)
        _ship(running)
        seen.append(running.rss_mb())
        sys.stdout.write(f"{PRODUCT} after {(part + 1) * sent:>9,} calls: {seen[-1]:.1f} MB\n")
        sys.stdout.flush()
    return seen[-1] / seen[_SETTLED - 1]


def _ship(running: Running) -> None:
    """Delete what is finished, as a shipper does: a million rows would fill a gigabyte."""
    if running.subject.spool is None:
        return
    for segment in list_segments(running.subject.spool):
        if segment.is_finished():
            segment.remove()
