"""The shipper's loop: poll, ship, back off, stop."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from weighbridge_predictionlog._errors import ShipperRunningError
from weighbridge_predictionlog.shipper._health import Health
from weighbridge_predictionlog.shipper._ship import Shipper
from weighbridge_predictionlog.shipper._status import StatusFile
from weighbridge_predictionlog.shipper._stop import Stop
from weighbridge_predictionlog.shipper._store import Store

_log = logging.getLogger("weighbridge.predictionlog.shipper")


def run_shipper(
    root: Path, database_url: str, *, batch_bytes: int, poll_interval_s: float, drain_s: float
) -> None:
    """Ship until SIGTERM or SIGINT, then what is there, for at most `drain_s`.

    ShipperRunningError when another shipper works on the same root.
    """
    root.mkdir(parents=True, exist_ok=True)
    with _sole_owner(root):
        stop = Stop.on_signals(drain_s)
        store = Store(database_url)
        status = StatusFile(root)
        status.remove()
        _log.info("shipper started", extra={"root": str(root)})
        try:
            shipper = Shipper(root, store, batch_bytes=batch_bytes)
            _loop(shipper, store, stop, Health(status), poll_interval_s)
        finally:
            store.disconnect()
            status.remove()
    _log.info("shipper stopped")


def _loop(
    shipper: Shipper, store: Store, stop: Stop, health: Health, poll_interval_s: float
) -> None:
    while not stop.overdue:
        stopping = stop.requested  # asked first: a last round must begin after the request
        try:
            shipped = shipper.ship_round()
        except (psycopg.Error, OSError) as error:
            store.disconnect()
            pause_s = health.bad(error)
            if stopping:
                return
            stop.wait(pause_s)
            continue
        health.good()
        if not shipped:
            if stopping:
                return
            stop.wait(poll_interval_s)


@contextmanager
def _sole_owner(root: Path) -> Iterator[None]:
    """Hold the root's lock; the kernel drops it however the process ends."""
    path = root / ".shipper.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ShipperRunningError(
                f"another shipper works on {root}; stop it, or give this one another folder"
            ) from error
        yield
    finally:
        os.close(descriptor)
