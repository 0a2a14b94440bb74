"""The lines of the table: which calls, how many at once, to which subjects."""

from collections.abc import Sequence
from typing import Final

from bench.server import _requests
from bench.server._h2load import Load
from bench.server._rounds import Kind

PRODUCT: Final = "product"
ROWS_OFF: Final = "product, batch rows off"
BARE: Final = "bare"
ECHO: Final = "echo"

_CONNECTIONS: Final = 4
_STREAMS: Final = 16
_BATCHES: Final = (256, 4096)


def kinds(inputs: Sequence[str]) -> list[Kind]:
    """Return every kind; `inputs` are the graph's, for the calls that name tensors."""
    one = _requests.single_request().SerializeToString()
    many = Load(_requests.PREDICT, one, _CONNECTIONS, _STREAMS)
    alone = Load(_requests.PREDICT, one, 1, 1)
    tensors = _requests.infer_request(1, inputs).SerializeToString()
    infer = Load(_requests.MODEL_INFER, tensors, _CONNECTIONS, _STREAMS)
    return [
        Kind("Predict, 64 in flight", many, 1, (ECHO, BARE, PRODUCT)),
        Kind("Predict, 1 in flight", alone, 1, (ECHO, BARE, PRODUCT)),
        Kind("ModelInfer, 64 in flight", infer, 1, (BARE, PRODUCT)),
        *(_batch(rows, connections) for rows in _BATCHES for connections in (1, _CONNECTIONS)),
    ]


def _batch(rows: int, connections: int) -> Kind:
    content = _requests.batch_request(rows).SerializeToString()
    name = f"PredictBatch of {rows}, {connections} in flight"
    load = Load(_requests.PREDICT_BATCH, content, connections, 1)
    return Kind(name, load, rows, (BARE, ROWS_OFF, PRODUCT))
