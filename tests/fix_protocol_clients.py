"""The Open Inference Protocol's own clients, each in an environment and a process of its own.

Their stubs register the same proto as ours and would collide with it in one process.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_LIMIT_S = 60
_MAKE_LIMIT_S = 90  # once on a machine: 120 MB from the package index

ProtocolClient = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Takes a client's name, `triton` or `kserve`, and its job; returns what it says."""


@pytest.fixture(scope="session")
def protocol_client(project: Path) -> ProtocolClient:
    """Run one of the programs in tests/clients."""
    folder = project / "tests" / "clients"

    def run(name: str, job: dict[str, Any]) -> dict[str, Any]:
        python = _environment(folder / f"{name}.txt") / "bin" / "python"
        done = subprocess.run(
            [python, folder / f"with_{name}.py"],
            input=json.dumps(job),
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            env={"PATH": os.environ["PATH"]},
        )
        assert done.returncode == 0, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    return run


def _environment(requirements: Path) -> Path:
    """Return a virtual environment with exactly these packages; made once, then kept."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(requirements.read_bytes() + version.encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    kept = cache / "weighbridge-clients" / f"{requirements.stem}-{digest}"
    if kept.exists():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".making-", dir=kept.parent))
    uv = Path(sys.executable).with_name("uv")
    make: list[str | Path] = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, fresh]
    fill: list[str | Path] = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--python",
        fresh,
        "-r",
        requirements,
    ]
    subprocess.run(make, check=True, timeout=_MAKE_LIMIT_S)
    subprocess.run(fill, check=True, timeout=_MAKE_LIMIT_S)
    try:
        fresh.rename(kept)
    except OSError:  # another session was faster
        shutil.rmtree(fresh)
    return kept
