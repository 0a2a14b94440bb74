"""That the benchmark runs: every subject answers every kind of call, and the counts are right.

No figure is looked at.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(shutil.which("h2load") is None, reason="needs h2load of nghttp2-client")
def test_every_subject_answers(project: Path, tmp_path: Path) -> None:
    options = ["--rounds", "1", "--seconds", "0.05", "--results", str(tmp_path)]
    options += ["--calls", "64 in flight; of 256, 1 in flight"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.server", *options],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "server.json").read_text())["calls"]
    assert set(found["Predict, 64 in flight"]) == {"echo", "bare", "product"}
    assert set(found["ModelInfer, 64 in flight"]) == {"bare", "product"}
    assert set(found["PredictBatch of 256, 1 in flight"]) == {
        "bare",
        "product, batch rows off",
        "product",
    }
    assert done.stdout == (tmp_path / "server.md").read_text()


def test_a_missing_load_generator_is_named(project: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.server"],
        cwd=project,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "h2load is not on the PATH; apt-get install nghttp2-client\n"
