"""onnxruntime in a loop, in this process: no server can answer more rows on one thread."""

import time
from pathlib import Path
from typing import Any

import onnxruntime as ort  # type: ignore[import-untyped]  # it has no types

from bench.server import _requests


class OnnxLoop:
    """The graph on one thread, fed with arrays that are ready."""

    def __init__(self, model: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(
            model.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
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
