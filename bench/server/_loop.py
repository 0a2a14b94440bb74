"""onnxruntime in a loop, in this process: no server can answer more rows on one thread."""

import time
from pathlib import Path
from typing import Any

from bench.server import _requests
from bench.server._session import one_thread_session


class OnnxLoop:
    """The graph on one thread, fed with arrays that are ready."""

    def __init__(self, model: Path) -> None:
        self._session = one_thread_session(model)
        self.inputs = [node.name for node in self._session.get_inputs()]
        self._feeds: dict[int, dict[str, Any]] = {}

    def run_s(self, rows: int, seconds: float) -> tuple[float, float]:
        """Run it for about so many seconds; return one run's mean time and processor time."""
        if rows not in self._feeds:
            table = _requests.columns(rows)
            self._feeds[rows] = {name: table[name] for name in self.inputs}
        feed = self._feeds[rows]
        began = now = time.perf_counter()
        used = time.thread_time()
        runs = 0
        while now < began + seconds:
            self._session.run(None, feed)
            runs += 1
            now = time.perf_counter()
        return (now - began) / runs, (time.thread_time() - used) / runs
