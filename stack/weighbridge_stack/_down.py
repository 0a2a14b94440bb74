"""Stops every process of the stack; all state stays."""

from concurrent.futures import ThreadPoolExecutor

from rich.console import Console

from weighbridge_stack._layout import Layout
from weighbridge_stack._process import Processes
from weighbridge_stack._progress import Progress

# Callers first, so that nobody calls a part that is gone; the log's shipper after its writers.
_ORDER = (
    ("envoy",),
    ("agent", "server-v6", "server-v7"),
    ("shipper", "mlflow"),
    ("s3", "postgres"),
)


def down(layout: Layout, console: Console) -> int:
    """Stop all parts that run; return how many were running."""
    processes, progress = Processes(layout.home), Progress(console)

    def stop(name: str) -> bool:
        record = processes.record(name)
        if record is None:
            return False
        if record.process() is None:
            processes.stop(record)
            return False
        with progress.step(f"Stop {name}"):
            processes.stop(record)
        return True

    with progress, ThreadPoolExecutor() as pool:
        return sum(sum(pool.map(stop, names)) for names in _ORDER)
