"""The graph as all but the product load it: on the caller's thread alone."""

from pathlib import Path

import onnxruntime as ort  # type: ignore[import-untyped]  # it has no types


def one_thread_session(model: Path) -> ort.InferenceSession:
    """Load a graph that starts no thread of its own."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return ort.InferenceSession(model.read_bytes(), options, providers=["CPUExecutionProvider"])
