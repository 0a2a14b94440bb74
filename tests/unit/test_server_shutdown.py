"""The order of a stop, and that no step of it goes on past its limit."""

import subprocess
import sys

import pytest

# The signals belong to a whole process, so each test has one of its own.
_STOP = """
import logging, sys, threading
from weighbridge_server.shutdown import StopSignal, stop_in_order

logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO)

class Server:
    def leave(self):
        print("leave", flush=True)
    def stop(self, limit_s):
        print("stop", limit_s, flush=True)
        return int(sys.argv[2])

class Log:
    def close(self):
        print("close", flush=True)
        if sys.argv[1] == "hangs":
            threading.Event().wait()
        if sys.argv[1] == "fails":
            raise OSError("the disk is gone")

code = stop_in_order(
    Server(), Log(), StopSignal(), drain_wait_s=0.01, stop_limit_s=3, flush_limit_s=0.2
)
sys.exit(code)
"""


def stop(log: str, unfinished: int = 0) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", _STOP, log, str(unfinished)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_the_order() -> None:
    done = stop("closes")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "stopping: not serving",
        "leave",
        "stopping: finishing running calls",
        "stop 3",
        "close",
        "stopped",
    ]


@pytest.mark.parametrize("log", ["hangs", "fails"])
def test_a_disk_that_takes_nothing_does_not_hold_up_the_end(log: str) -> None:
    done = stop(log)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "stopped before the last rows were on the disk"


def test_calls_that_did_not_end_are_told() -> None:
    done = stop("closes", unfinished=2)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "stopped before all calls had ended"
