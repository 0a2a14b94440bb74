"""`weighbridge predict`, `token` and `model show` through a real Envoy."""

import csv
import json
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.counting import assert_share, eventually
from tests.echo_backend import REFUSED_ASSET
from tests.fix_cli import Shell
from tests.ingress import Ingress
from weighbridge_training.dataset import Row, write_csv


def write_rows(file: Path, assets: Sequence[str]) -> Path:
    """Write one plain row for each asset."""
    start = datetime(2024, 3, 1, tzinfo=UTC)
    write_csv(
        file,
        [
            Row(
                timestamp=start + timedelta(hours=index),
                asset_id=asset,
                latitude_deg=48.1,
                longitude_deg=11.6,
                inventory_level=300,
                temperature_celsius=21.5,
                humidity_percent=60,
                traffic_status="heavy",
                waiting_time_minutes=30,
                user_transaction_amount_usd=320,
                user_purchase_frequency=5,
                delay_reason="weather",
                asset_utilization_percent=80,
                demand_forecast=200,
                late=None,
            )
            for index, asset in enumerate(assets)
        ],
    )
    return file


def read_results(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture
def calling_shell(ingress: Ingress, tmp_path: Path) -> Shell:
    ingress.set_traffic("50")
    addresses = {"TARGET": ingress.target, "PIN_KEY": str(ingress.key_file)}
    return Shell(tmp_path, {f"WEIGHBRIDGE_{name}": value for name, value in addresses.items()})


def test_every_row_is_one_call_and_one_line(calling_shell: Shell, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.csv", [f"Truck_{index % 10}" for index in range(100)])

    said = calling_shell.ok("predict", str(rows), "--repeat", "3", "--out", "out.csv")

    results = read_results(tmp_path / "out.csv")
    assert [int(result["row"]) for result in results] == list(range(1, 301))
    assert {result["code"] for result in results} == {"OK"}
    v7 = sum(result["served_version"] == "v7" for result in results)
    assert_share(v7, 300, 0.5)
    assert "300 answered, 0 failed" in said
    assert f"v7       {v7}" in said
    assert all(name in said for name in ("p50", "p90", "p99", "max", "95 % interval"))
    assert all(result["request_id"] and result["traffic_revision"] for result in results)


def test_fall_backs_are_counted_and_told_apart(own_ingress: Ingress, shell: Shell) -> None:
    own_ingress.start("v6", "agent", "envoy")  # and no v7
    own_ingress.set_traffic("50")
    own_ingress.wait_until_healthy("v6")
    rows = write_rows(shell.folder / "rows.csv", ["Truck_1"] * 60)
    here = Shell(shell.folder, {"WEIGHBRIDGE_TARGET": own_ingress.target})

    summary = json.loads(here.ok("predict", str(rows), "-o", "json"))

    results = read_results(shell.folder / "predictions.csv")
    assert {result["served_version"] for result in results} == {"v6"}
    routed = [result["routed_version"] for result in results]
    assert summary["fallen_back"] == routed.count("v7") > 0
    assert summary["shares"][0]["calls"] == 60
    assert "fell back to the other version" in here.ok("predict", str(rows))


def test_failed_calls_are_counted_by_code(calling_shell: Shell, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.csv", ["Truck_1", REFUSED_ASSET, "Truck_2"])

    done = calling_shell.run("predict", str(rows), "-o", "json")

    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert (summary["answered"], summary["failed"]) == (2, 1)
    assert summary["errors"][0]["code"] == "INVALID_ARGUMENT"
    results = read_results(tmp_path / "predictions.csv")
    assert [result["code"] for result in results] == ["OK", "INVALID_ARGUMENT", "OK"]


def test_a_caller_keeps_its_version(calling_shell: Shell, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.csv", [f"Truck_{index % 10}" for index in range(100)])

    calling_shell.ok("predict", str(rows), "--user-column", "Asset_ID", "--rate", "500")

    versions: dict[str, set[str]] = {}
    for result in read_results(tmp_path / "predictions.csv"):
        versions.setdefault(result["user_id"], set()).add(result["served_version"])
    assert len(versions) == 10
    assert all(len(served) == 1 for served in versions.values())
    assert "has no column Who" in calling_shell.fails("predict", str(rows), "--user-column", "Who")


def test_a_token_pins_calls(calling_shell: Shell, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.csv", ["Truck_1"] * 30)
    made = calling_shell.run("token", "create", "--for", "ada", "--ttl", "5m")
    token = made.stdout.strip()
    assert token.count(".") == 2
    assert "5m" in made.stderr

    calling_shell.ok("predict", str(rows), "--pin", "v7", "--token", token)

    results = read_results(tmp_path / "predictions.csv")
    assert {result["served_version"] for result in results} == {"v7"}
    for command in (("predict", str(rows)), ("model", "show")):
        for credential in ((), ("--token", "no.real.token")):
            said = calling_shell.fails(*command, "--pin", "v7", *credential)
            assert all(
                f in said for f in ("--token", "WEIGHBRIDGE_TOKEN", "weighbridge token create")
            )
            assert "callable" not in said
    by_variable = Shell(
        calling_shell.folder, {**calling_shell.variables, "WEIGHBRIDGE_TOKEN": token}
    )
    shown = json.loads(by_variable.ok("model", "show", "--pin", "v7", "-o", "json"))
    assert shown["model"]["version"] == "7"
    assert shown["served_version"] == "v7"


def test_what_cannot_work_is_said_before_the_first_call(
    calling_shell: Shell, tmp_path: Path
) -> None:
    rows = write_rows(tmp_path / "rows.csv", ["Truck_1"])
    assert "missing.csv" in calling_shell.fails("predict", "missing.csv")
    assert "--out" in calling_shell.fails("predict", str(rows), "--out", "no/such/folder.csv")
    empty = write_rows(tmp_path / "empty.csv", [])
    assert "no rows" in calling_shell.fails("predict", str(empty))
    before = rows.read_text()
    (tmp_path / "link.csv").symlink_to(rows)
    for name in ("rows.csv", "./link.csv", str(rows)):
        assert "is the input" in calling_shell.fails("predict", str(rows), "--out", name)
    assert rows.read_text() == before
    down = Shell(tmp_path, {"WEIGHBRIDGE_TARGET": "127.0.0.1:1"})
    assert "make up" in down.fails("predict", str(rows))


def test_status_and_label_are_not_needed(calling_shell: Shell, tmp_path: Path) -> None:
    whole = write_rows(tmp_path / "whole.csv", ["Truck_1"] * 3)
    with whole.open(newline="") as lines, (tmp_path / "rows.csv").open("w", newline="") as file:
        reader = csv.DictReader(lines)
        names = [
            n for n in reader.fieldnames or () if n not in ("Shipment_Status", "Logistics_Delay")
        ]
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(reader)
    assert "3 answered" in calling_shell.ok("predict", "rows.csv")


@contextmanager
def started(shell: Shell, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a replay and wait until its first lines are in the file of results."""
    results = shell.folder / "predictions.csv"

    def lines_are_there() -> None:
        assert results.exists()
        assert len(results.read_text().splitlines()) > 3

    with shell.start("predict", *arguments) as process:
        try:
            eventually(lines_are_there, within_s=20)
            yield process
        finally:
            process.kill()


def test_an_ingress_that_goes_away_ends_it(own_ingress: Ingress, tmp_path: Path) -> None:
    own_ingress.start("v6", "v7", "agent", "envoy")
    own_ingress.set_traffic("50")
    own_ingress.wait_until_healthy()
    rows = write_rows(tmp_path / "rows.csv", ["Truck_1"] * 100)
    here = Shell(tmp_path, {"WEIGHBRIDGE_TARGET": own_ingress.target})

    paced = ("--repeat", "100", "--rate", "50", "--concurrency", "10")
    with started(here, str(rows), *paced) as process:
        own_ingress.stop("envoy", signal.SIGKILL)
        printed, said = process.communicate(timeout=60)

    assert process.returncode == 1
    (line,) = said.splitlines()
    assert f"nothing answers at {own_ingress.target} any more" in line
    assert "answered" in printed
    results = read_results(tmp_path / "predictions.csv")
    assert [int(result["row"]) for result in results] == list(range(1, len(results) + 1))
    codes = {result["code"] for result in results[-20:]}
    assert codes <= {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
    assert results[0]["code"] == "OK"


def test_an_interrupt_keeps_what_was_done(calling_shell: Shell, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.csv", ["Truck_1"] * 1000)

    with started(calling_shell, str(rows), "--rate", "50") as process:
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "interrupted" in said
    results = read_results(tmp_path / "predictions.csv")
    assert f"{len(results)} calls in" in printed
    assert {result["code"] for result in results} == {"OK"}
