"""Stops every process of the stack; all state stays."""

from concurrent.futures import ThreadPoolExecutor

from rich.console import Console

from weighbridge_stack._catalog import CATALOG
from weighbridge_stack._layout import Layout
from weighbridge_stack._process import Processes
from weighbridge_stack._progress import Progress


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

    stopped = 0
    with progress, ThreadPoolExecutor() as pool:
        for rank in sorted({entry.stop_rank for entry in CATALOG}):
            names = [entry.name for entry in CATALOG if entry.stop_rank == rank]
            stopped += sum(pool.map(stop, names))
    return stopped
