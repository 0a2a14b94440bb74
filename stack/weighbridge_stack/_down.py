"""Stops every process of the stack; all state stays."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console

from weighbridge_stack._catalog import stop_rank
from weighbridge_stack._process import Processes, Record
from weighbridge_stack._progress import Progress


def down(home: Path, console: Console) -> int:
    """Stop all that was started and runs; return how many that were.

    What was written down counts, not what a stack of today has: a version may be gone since.
    """
    processes, progress = Processes(home), Progress(console)

    def stop(record: Record) -> bool:
        if record.process() is None:
            processes.stop(record)
            return False
        with progress.step(f"Stop {record.name}"):
            processes.stop(record)
        return True

    stopped, records = 0, processes.records()
    with progress, ThreadPoolExecutor() as pool:
        for rank in sorted({stop_rank(record.name) for record in records}):
            parts = [record for record in records if stop_rank(record.name) == rank]
            stopped += sum(pool.map(stop, parts))
    return stopped
