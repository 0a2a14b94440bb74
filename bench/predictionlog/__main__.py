"""What an append costs, and how fast the shipper is.

python -m bench.predictionlog [database URL]    the database must be migrated; its rows stay
"""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from weighbridge_predictionlog import PredictionRow, Spool, new_prediction_id
from weighbridge_predictionlog.shipper import Shipper, Store

_ROWS = 50_000
_ROW = PredictionRow(
    prediction_id=new_prediction_id(),
    call_id="0c4f1d4e-9f5c-4a47-8f0e-2f6d2f0f3f10",
    method="Predict",
    model_name="LogisticsDelayModel",
    model_version="7",
    model_digest="ab" * 32,
    served_version="v7",
    routed_version="v7",
    route="weight",
    traffic_revision="0123456789ab",
    request_id="0c4f1d4e-9f5c-4a47-8f0e-2f6d2f0f3f10",
    trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
    server_instance="serving-api-v7-5d9c7b6f4-abcde",
    inputs={f"column_{index}": index + 0.5 for index in range(14)},
    score=0.25,
    label=False,
    status_code="OK",
    latency_ms=0.75,
    created_at=datetime.now(UTC),
)


def _say(name: str, value: float, unit: str) -> None:
    sys.stdout.write(f"{name:<28}{value:>10,.2f} {unit}\n")


def _best_us(work: Callable[[], object], times: int) -> float:
    """Return the cost of one call in µs: the best of five series, as others use the machine too."""

    def series_s() -> float:
        start = time.perf_counter()
        for _ in range(times):
            work()
        return time.perf_counter() - start

    return min(series_s() for _ in range(5)) / times * 1e6


def _measure_appends(folder: Path) -> None:
    _say("size of a row", len(_ROW.encode()), "bytes")
    _say("encode", _best_us(_ROW.encode, 20_000), "µs")
    spool = Spool(folder / "bench")
    _say("append, encoding included", _best_us(lambda: spool.append([_ROW]), 20_000), "µs")
    hundred = [_ROW] * 100
    _say("append of 100 rows, per row", _best_us(lambda: spool.append(hundred), 500) / 100, "µs")
    strict = Spool(folder / "strict", strict=True)
    _say("append, strict", _best_us(lambda: strict.append([_ROW]), 200), "µs")


def _measure_shipping(root: Path, database_url: str) -> None:
    spool = Spool(root / "a")
    for _ in range(_ROWS):
        key = new_prediction_id()
        spool.append([replace(_ROW, prediction_id=key, call_id=str(key))])
    spool.close()
    store = Store(database_url)
    shipper = Shipper(root, store, batch_bytes=4 * 1024 * 1024)
    start, cpu = time.perf_counter(), time.process_time()
    while shipper.ship_round():
        pass
    _say("ship", _ROWS / (time.perf_counter() - start), "rows/s")
    _say("ship, shipper's CPU", (time.process_time() - cpu) / _ROWS * 1e6, "µs a row")
    store.disconnect()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as _folder:
        _measure_appends(Path(_folder) / "appends")
        if len(sys.argv) > 1:
            _measure_shipping(Path(_folder) / "shipping", sys.argv[1])
