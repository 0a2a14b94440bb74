"""A real PostgreSQL for tests: started once, a fresh database for each test."""

import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from weighbridge_stack._parts import _owner
from weighbridge_stack._parts._pg_cluster import program

if TYPE_CHECKING:
    from tests.fix_ports import HeldPorts

_START_WITHIN_S = 20.0

# Durability is PostgreSQL's own business; the tests want speed.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
    "max_connections": "40",
    "max_wal_size": "128MB",
}


class Postgres:
    """One server in one data folder. `stop` and `start` keep port and data."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._data = folder / "data"
        self._log = folder / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        _initialise(self._data)

    def url(self, database: str = "postgres") -> str:
        """Return the connection string of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        postgres = program("postgres")
        command = [*_owner.run_as(self._data, postgres), str(postgres)]
        command += ["-D", str(self._data), "-p", str(self.port)]
        for name, value in _SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + _START_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it at once; connections break, as in an outage."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=20)
            self._process = None

    def create_database(self, template: str = "template1") -> str:
        """Create a database and return its name."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@pytest.fixture(scope="session")
def postgres(held_ports: "HeldPorts") -> Iterator[Postgres]:
    """The server that all tests share; a test that stops a server takes `own_postgres`."""
    yield from _running(held_ports())


@pytest.fixture
def own_postgres(held_ports: "HeldPorts") -> Iterator[Postgres]:
    """A server of the test's own, to stop and start."""
    yield from _running(held_ports())


@pytest.fixture
def empty_database_url(postgres: Postgres) -> str:
    """A database without tables."""
    return postgres.url(postgres.create_database())


@pytest.fixture(scope="session")
def _migrated_template(postgres: Postgres) -> str:
    from weighbridge_predictionlog import migrate

    name = postgres.create_database()
    migrate(postgres.url(name))
    return name


@pytest.fixture
def database_url(postgres: Postgres, _migrated_template: str) -> str:
    """A database with the tables of the prediction log, and no rows."""
    return postgres.url(postgres.create_database(_migrated_template))


def _running(port: int) -> Iterator[Postgres]:
    # Not below tmp_path: its parents are closed to other users.
    with tempfile.TemporaryDirectory(prefix="weighbridge-postgres-") as folder:
        server = Postgres(Path(folder), port)
        server.start()
        yield server
        server.stop()


def _initialise(data: Path) -> None:
    data.mkdir()
    _owner.give(data)
    initdb = program("initdb")
    command = [str(initdb), "-D", str(data), "-U", "postgres", "--auth=trust"]
    subprocess.run(
        [*_owner.run_as(data, initdb), *command, "--no-sync", "--encoding=UTF8", "--locale=C"],
        check=True,
        capture_output=True,
    )
