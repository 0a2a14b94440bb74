"""How a process begins: settings that are wrong, and the form of its log."""

import json
import subprocess
import sys
from pathlib import Path

# The log is set up for a whole process, so each test has one of its own.
_LOG = """
import logging, sys
from weighbridge_predictionlog import log_to_stderr
log_to_stderr(sys.argv[1])
log = logging.getLogger("weighbridge.test")
log.debug("not told")
logging.getLogger("library").info("not told")
log.warning("%s rows are gone", 3, extra={"error": "disk \u00e4 full", "count": 3})
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
"""


def stderr_of(*arguments: str) -> str:
    command = [sys.executable, "-c", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


def test_json_has_one_object_per_line_with_the_extras() -> None:
    first, second = map(json.loads, stderr_of(_LOG, "json").splitlines())
    at = first.pop("at")
    assert at.endswith("+00:00")
    assert first == {
        "level": "warning",
        "logger": "weighbridge.test",
        "message": "3 rows are gone",
        "error": "disk ä full",
        "count": 3,
    }
    assert "ZeroDivisionError" in second["exception"]


def test_text_has_the_extras_too() -> None:
    lines = stderr_of(_LOG, "text").splitlines()
    ending = ' warning weighbridge.test 3 rows are gone error="disk ä full" count=3'
    assert lines[0].endswith(ending)
    assert lines[-1].startswith("ZeroDivisionError")


def test_each_wrong_setting_has_a_line_that_names_it_and_hides_its_value(tmp_path: Path) -> None:
    environment = {
        "WEIGHBRIDGE_DATABASE_URL": "postgresql://user:secret%zz@127.0.0.1/weighbridge",
        "WEIGHBRIDGE_BATCH_BYTES": "none",
        "WEIGHBRIDGE_LOG_FORMAT": "xml",
    }
    command = [sys.executable, "-m", "weighbridge_predictionlog", "ship"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    records = [json.loads(line) for line in done.stderr.splitlines()]
    named = sorted(record["message"].partition(":")[0] for record in records)
    assert named == sorted([*environment, "WEIGHBRIDGE_SPOOL_ROOT"])
    assert "secret" not in done.stderr
