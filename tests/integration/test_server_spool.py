"""A server and the shipper beside it, as the containers of one pod share a folder."""

from pathlib import Path

import psycopg
import pytest

from tests.counting import eventually
from tests.fix_models import ModelFile
from tests.fix_server import ServerProcess, StartServer
from tests.fix_shipper import StartShipper
from tests.shipments import single

WITHIN_S = 20.0
CALLS = 20


def predict(server: ServerProcess) -> set[str]:
    """Make some calls; return the ids that were answered."""
    return {server.stub.Predict(single(), timeout=10).prediction_id for _ in range(CALLS)}


def stored(database_url: str) -> set[str]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT prediction_id::text FROM predictions").fetchall()
    assert len(rows) == len(set(rows))
    return {row[0] for row in rows}


def test_a_container_that_restarts_goes_on_in_its_spool(
    start_server: StartServer,
    model_file: ModelFile,
    start_shipper: StartShipper,
    spool_root: Path,
    database_url: str,
) -> None:
    folder = spool_root / "server"
    start_shipper(database_url)
    answered: set[str] = set()

    def all_are_stored() -> None:
        assert stored(database_url) == answered

    def the_spool_is_gone() -> None:
        assert not folder.exists()

    for ends_in_order in (False, True, False):
        server = start_server(model_file, WEIGHBRIDGE_SPOOL_DIR=str(folder))
        answered |= predict(server)
        if ends_in_order:
            server.ask_to_stop()
            assert server.process.wait(10) == 0
        else:
            server.kill()  # the next one starts while the shipper is still at this one's rows
    eventually(all_are_stored, WITHIN_S)
    eventually(the_spool_is_gone, WITHIN_S)
    answered |= predict(start_server(model_file, WEIGHBRIDGE_SPOOL_DIR=str(folder)))
    eventually(all_are_stored, WITHIN_S)


def test_a_pod_that_ends_leaves_no_row_behind(
    start_server: StartServer,
    model_file: ModelFile,
    start_shipper: StartShipper,
    spool_root: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Asleep for the whole test, so that only what it does after SIGTERM can ship the rows.
    monkeypatch.setenv("WEIGHBRIDGE_POLL_INTERVAL_S", "3600")
    shipper = start_shipper(database_url)

    def it_sleeps() -> None:
        assert (spool_root / ".shipper.json").exists()

    eventually(it_sleeps, WITHIN_S)
    server = start_server(model_file, WEIGHBRIDGE_SPOOL_DIR=str(spool_root / "server"))
    answered = predict(server)
    assert not stored(database_url)
    # The order in which Kubernetes ends a container and its native sidecar.
    server.ask_to_stop()
    assert server.process.wait(10) == 0
    assert shipper.terminate() == 0
    assert stored(database_url) == answered
    assert not list(spool_root.rglob("*.segment"))
