"""A real shipper process over a folder of spools."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

StartShipper = Callable[[str], "ShipperProcess"]


class ShipperProcess:
    """`python -m weighbridge_predictionlog ship`, with its log in a file."""

    def __init__(self, root: Path, database_url: str, log: Path) -> None:
        self._log = log
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [*_without_override(), sys.executable, "-m", "weighbridge_predictionlog", "ship"],
                env=_own_environment()
                | {"WEIGHBRIDGE_SPOOL_ROOT": str(root), "WEIGHBRIDGE_DATABASE_URL": database_url},
                stderr=stderr,
            )

    def kill(self) -> None:
        """End it as a crash of the machine's kernel would: kill -9."""
        self._process.kill()
        self._process.wait(timeout=10)

    def terminate(self) -> int:
        """Send SIGTERM and return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end and return its exit code."""
        return self._process.wait(timeout=20)

    def records(self) -> list[dict[str, Any]]:
        """Return its log so far, each line read as JSON."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def messages(self) -> list[str]:
        """Return the messages of its log so far."""
        return [str(record["message"]) for record in self.records()]


def _own_environment() -> dict[str, str]:
    """Leave out what the tests themselves are told: the shipper refuses what it does not know."""
    return {name: value for name, value in os.environ.items() if "WEIGHBRIDGE" not in name}


def _without_override() -> list[str]:
    """Take from root what no other user has: to read and write closed folders."""
    if os.getuid() != 0:
        return []
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"]


@pytest.fixture
def spool_root(tmp_path: Path) -> Path:
    """The folder whose sub-folders are spools."""
    return tmp_path / "spools"


@pytest.fixture
def start_shipper(spool_root: Path, tmp_path: Path) -> Iterator[StartShipper]:
    """Start a shipper on the test's root, for a database; ended with the test."""
    started: list[ShipperProcess] = []

    def start(database_url: str) -> ShipperProcess:
        log = tmp_path / f"shipper-{len(started)}.log"
        started.append(ShipperProcess(spool_root, database_url, log))
        return started[-1]

    yield start
    for shipper in started:
        shipper.kill()
