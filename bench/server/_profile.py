"""Where a subject's time goes: a flame graph and its hottest functions, by py-spy."""

import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Final

from bench.server import _h2load
from bench.server._h2load import Load
from bench.server._subjects import BenchError, Running

_RATE: Final = "200"
_SHOWN: Final = 40
_CALLS_A_TURN: Final = 2000


def profile(running: Running, load: Load, folder: Path, *, seconds: int) -> Path:
    """Load the subject while py-spy looks at it; return the summary's path."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"profile-{running.subject.name.replace(' ', '-')}"
    answer_bytes = len(running.ask(load.path, load.content))
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            _h2load.send(load, running, calls=_CALLS_A_TURN, answer_bytes=answer_bytes)

    loader = threading.Thread(target=work)
    loader.start()
    try:
        stacks = _record(running.pid, stem.with_suffix(".stacks"), "raw", seconds)
        _record(running.pid, stem.with_suffix(".svg"), "flamegraph", seconds)
    finally:
        done.set()
        loader.join()
    summary = stem.with_suffix(".txt")
    summary.write_text(_summarize(stacks.read_text()))
    return summary


def _record(pid: int, path: Path, form: str, seconds: int) -> Path:
    uv = Path(sys.executable).with_name("uv")
    spy = [str(uv), "tool", "run", "py-spy", "record", "--native", "--gil", "--pid", str(pid)]
    rest = ["--rate", _RATE, "--duration", str(seconds), "--format", form, "--output", str(path)]
    found = subprocess.run([*spy, *rest], capture_output=True, text=True, check=False)
    if found.returncode:
        raise BenchError(f"py-spy could not look at the process: {found.stderr}")
    return path


def _summarize(stacks: str) -> str:
    own: Counter[str] = Counter()
    under: Counter[str] = Counter()
    for line in stacks.splitlines():
        names, _, count = line.rpartition(" ")
        frames = names.split(";")
        own[frames[-1]] += int(count)
        under.update({frame: int(count) for frame in set(frames)})
    total = own.total() or 1
    lines = [f"{'own %':>6} {'with calls %':>12}  function"]
    for name, _ in under.most_common(_SHOWN):
        lines.append(f"{own[name] / total:>6.1%} {under[name] / total:>12.1%}  {name}")
    return "\n".join(lines) + "\n"
