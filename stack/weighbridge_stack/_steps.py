"""Runs steps that need one another, as many at once as their needs allow."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of work, the steps it needs first, and what it says when it is done."""

    name: str
    needs: Sequence[str]
    run: Callable[[], object]


def run_steps(steps: Sequence[Step], give_up: Callable[[], None]) -> None:
    """Run all steps; after the first error start none, `give_up`, await the rest, and raise it."""
    by_name = {step.name: step for step in steps}
    sorter = TopologicalSorter({step.name: step.needs for step in steps})
    sorter.prepare()
    with ThreadPoolExecutor(max_workers=len(steps)) as pool:
        running: dict[Future[object], str] = {}
        try:
            while sorter.is_active():
                for name in sorter.get_ready():
                    running[pool.submit(by_name[name].run)] = name
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    name = running.pop(future)
                    future.result()
                    sorter.done(name)
        except BaseException:
            give_up()
            raise
