"""A signal that comes while a server still imports what it is made of."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.counting import eventually

# In place of the largest import: one that tells that it has begun, and does not end.
_ENDLESS_IMPORT = """
import os, pathlib, time
pathlib.Path(os.environ["BEGUN"]).touch()
while True:
    try:
        time.sleep(60)
    except BaseException:  # an import may take any error for its own
        pass
"""
_AS_PROCESS_1 = ("unshare", "--pid", "--fork", "--kill-child")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables with which a server's imports do not end."""
    (tmp_path / "onnxruntime.py").write_text(_ENDLESS_IMPORT)
    return {**os.environ, "PYTHONPATH": str(tmp_path), "BEGUN": str(tmp_path / "begun")}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_a_server_that_still_imports(
    number: signal.Signals, environment: dict[str, str]
) -> None:
    assert ended((), environment, number) == 128 + number


def test_it_ends_one_that_is_process_1(environment: dict[str, str]) -> None:
    own = _AS_PROCESS_1 if os.getuid() == 0 else (*_AS_PROCESS_1, "--map-root-user")
    if subprocess.run([*own, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine gives us no process ids of our own")
    assert ended(own, environment, signal.SIGTERM) == 128 + signal.SIGTERM


def ended(before: tuple[str, ...], environment: dict[str, str], number: int) -> int:
    """Start a server, send it the signal while it imports, return the exit code."""
    command = [*before, sys.executable, "-m", "weighbridge_server"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        try:
            eventually(lambda: _assert_exists(Path(environment["BEGUN"])), within_s=30)
            os.kill(_child(process.pid) if before else process.pid, number)
            _, told = process.communicate(timeout=20)
            assert told == b""
            return process.returncode
        finally:
            process.kill()


def _child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


def _assert_exists(path: Path) -> None:
    assert path.exists()
