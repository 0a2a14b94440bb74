"""Addresses that are none: each is told with what to correct, before anything is opened."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from weighbridge_server.models import BrokenArtefactError, Pin, load_model
from weighbridge_server.settings import Settings
from weighbridge_server.transport import COLUMNS

GIVEN = {
    "MODEL_NAME": "LogisticsDelayModel",
    "MODEL_VERSION": "7",
    "MODEL_URI": "s3://mlflow/7/model.onnx",
    "MODEL_SHA256": "ab" * 32,
    "WEIGHBRIDGE_SPOOL_DIR": "spool",
}
LISTENERS = ["WEIGHBRIDGE_LISTEN", "WEIGHBRIDGE_METRICS_LISTEN"]


@pytest.fixture(autouse=True)
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)


def refused(*variables: tuple[str, str]) -> list[str]:
    """Start a server with these as well; return what it says when it refuses them."""
    own = {name: value for name, value in os.environ.items() if "WEIGHBRIDGE" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "weighbridge_server"],
        env=own | GIVEN | dict(variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    return [json.loads(line)["message"] for line in done.stderr.splitlines()]


@pytest.mark.parametrize("variable", LISTENERS)
@pytest.mark.parametrize(
    "text", ["127.0.0.1:0", "0.0.0.0:9000", "localhost:65535", "[::1]:9000", "[fe80::1%eth0]:1"]
)
def test_an_address_to_listen_on(variable: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, text)
    assert getattr(Settings(), variable.removeprefix("WEIGHBRIDGE_").lower()) == text


@pytest.mark.parametrize("variable", LISTENERS)
@pytest.mark.parametrize(
    "text",
    [
        *("70000", "127.0.0.1", "127.0.0.1:", ":9000", "127.0.0.1:70000", "127.0.0.1:-1"),
        *("::1:9000", "[]:9000", "a b:9000", "h:90_00", "h:\u0663", "h:1:2", "unix:/run/x"),
    ],
)
def test_what_is_no_address_to_listen_on(
    variable: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(ValidationError, match="must be host:port, the port from 0 to 65535"):
        Settings()


def test_a_wrong_address_ends_the_start_with_its_name() -> None:
    text = "must be host:port, the port from 0 to 65535 and an IPv6 address in brackets"
    wrong = [(LISTENERS[0], "127.0.0.1:70000"), (LISTENERS[1], "70000")]
    assert refused(*wrong) == [f"{variable}: {text}" for variable in LISTENERS]


def test_an_unknown_variable_is_refused_in_either_case() -> None:
    known = ("weighbridge_threads", "2")
    (line,) = refused(known, ("weighbridge_lisen", "127.0.0.1:0"))
    assert line == (
        "weighbridge_lisen: no setting of this program has this name; "
        "did you mean WEIGHBRIDGE_LISTEN?"
    )


@pytest.mark.parametrize("uri", ["s3://[x/y", "file:///tmp/a%00b", "http://x/y"])
def test_a_models_address_that_is_none(uri: str, tmp_path: Path) -> None:
    with pytest.raises(BrokenArtefactError, match=r"the model's address '.*; .*"):
        load_model(Pin("m", "7", uri, "ab" * 32), COLUMNS, tmp_path)
