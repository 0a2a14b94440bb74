"""Compare the model server with two references, interleaved in one run.

Loopback only. What each figure means stands in bench/README.md.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench.server import _h2load, _model, _subjects
from bench.server._counts import check_counts
from bench.server._kinds import BARE, ECHO, PRODUCT, ROWS_OFF, kinds
from bench.server._loop import OnnxLoop
from bench.server._profile import profile
from bench.server._report import Footprint, Report, describe_run
from bench.server._rounds import Rounds
from bench.server._soak import soak
from bench.server._subjects import BenchError, Running, Subject

_CACHE: Final = Path(".weighbridge/bench")
_RESULTS: Final = Path("bench/results")
_SOAK_LIMIT: Final = 1.02


def main() -> int:
    """Run what is asked for; 1 when the figures cannot be had, or a soak grew."""
    options = _options()
    try:
        _h2load.check_installed()
        with ExitStack() as stack:
            return _run(options, stack)
    except BenchError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.server", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="medians are over so many (3)")
    parser.add_argument("--seconds", type=float, default=2.0, help="a subject's turn (2)")
    parser.add_argument("--threads", type=int, default=4, help="of every server (4)")
    parser.add_argument("--subjects", default="", help=f"some of: {'; '.join(_NAMES)}")
    parser.add_argument("--calls", default="", help="only kinds named so: part; part")
    parser.add_argument("--profile", action="store_true", help="flame graphs instead of figures")
    parser.add_argument("--soak", type=int, metavar="CALLS", help="memory over so many calls")
    parser.add_argument("--results", type=Path, default=_RESULTS, help=f"folder ({_RESULTS})")
    return parser.parse_args()


_NAMES: Final = (ECHO, BARE, PRODUCT, ROWS_OFF)


def _run(options: argparse.Namespace, stack: ExitStack) -> int:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
    model = _model.model_file(_CACHE.resolve())
    loop = OnnxLoop(model)
    chosen = [kind for kind in kinds(loop.inputs) if _is_named(kind.name, options.calls)]
    asked = {name for kind in chosen for name in kind.subjects}
    running = {
        one.name: stack.enter_context(Running(one, folder))
        for one in _wanted(options, model, folder)
        if one.name in asked
    }
    if options.soak:
        return _soak(running, options.soak)
    if options.profile:
        for one in running.values():
            found = profile(one, chosen[0].load, options.results, seconds=10)
            sys.stdout.write(f"{found}\n{found.read_text()}\n")
        return 0
    rounds = Rounds(chosen, running, seconds=options.seconds)
    rounds.warm_up()
    for number in range(options.rounds):
        rounds.run(number, loop)
    for one in running.values():
        check_counts(one)
    report = Report(
        describe_run(
            [*running.values()],
            rounds=options.rounds,
            seconds=options.seconds,
            threads=options.threads,
        ),
        chosen,
        rounds.table(),
        rounds.alone(),
        {name: Footprint(one.rss_mb(), one.cold_start_s) for name, one in running.items()},
    )
    report.write(options.results)
    sys.stdout.write(report.markdown() + "\n")
    return 0


def _wanted(options: argparse.Namespace, model: Path, folder: Path) -> list[Subject]:
    threads = options.threads
    every = (
        _subjects.echo(threads),
        _subjects.bare(model, threads),
        _subjects.product(PRODUCT, model, folder, threads=threads),
        _subjects.product(ROWS_OFF, model, folder, threads=threads, batch_rows="off"),
    )
    names = {PRODUCT} if options.soak else _split(options.subjects)
    if unknown := names - set(_NAMES):
        raise BenchError(f"no such subject: {sorted(unknown)}; there are {list(_NAMES)}")
    return [one for one in every if not names or one.name in names]


def _split(text: str) -> set[str]:
    return {part.strip() for part in text.split(";")} - {""}


def _is_named(name: str, wanted: str) -> bool:
    return not wanted or any(part in name for part in _split(wanted))


def _soak(running: dict[str, Running], calls: int) -> int:
    ratio = soak(running[PRODUCT], calls)
    sys.stdout.write(f"memory at the end over that after a tenth: {ratio:.3f}\n")
    return int(ratio > _SOAK_LIMIT)


if __name__ == "__main__":
    sys.exit(main())
