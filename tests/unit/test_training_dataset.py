"""The public dataset's form, read and written with the standard library."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from weighbridge_training import DatasetError, dataset

PUBLIC = (
    "Timestamp,Asset_ID,Latitude,Longitude,Inventory_Level,Shipment_Status,Temperature,Humidity,"
    "Traffic_Status,Waiting_Time (min),User_Transaction_Amount $,User_Purchase_Frequency,"
    "Logistics_Delay_Reason,Asset_Utilization %,Demand_Forecast,Logistics_Delay\n"
    "1/2/2024 7:05,Truck_4,-59.0753,68.4886,303,In Transit,24.6,68.6,Detour,50,213,6,"
    "Mechanical Failure,97.1,297,0\n"
    "12/31/2024 23:59,Truck_10,-13.9612,89.5342,174,Delayed,20.2,74.2,Heavy,49,403,5,"
    "None,83.5,227,1\n"
)
PLAIN = (
    PUBLIC.replace("Waiting_Time (min)", "Waiting_Time")
    .replace("User_Transaction_Amount $", "User_Transaction_Amount")
    .replace("Asset_Utilization %", "Asset_Utilization")
    .replace("1/2/2024 7:05", "2024-01-02T07:05:00")
    .replace("12/31/2024 23:59", "2024-12-31 23:59:00+00:00")
)
FIRST = {
    "timestamp": datetime(2024, 1, 2, 7, 5, tzinfo=UTC),
    "asset_id": "Truck_4",
    "latitude_deg": -59.0753,
    "longitude_deg": 68.4886,
    "inventory_level": 303,
    "temperature_celsius": 24.6,
    "humidity_percent": 68.6,
    "traffic_status": "detour",
    "waiting_time_minutes": 50,
    "user_transaction_amount_usd": 213,
    "user_purchase_frequency": 6,
    "delay_reason": "mechanical_failure",
    "asset_utilization_percent": 97.1,
    "demand_forecast": 297,
    "late": False,
}

Save = Callable[[str], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def to_file(text: str) -> Path:
        path = tmp_path / "shipments.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


@pytest.mark.parametrize("text", [PUBLIC, PLAIN, "\ufeff" + PUBLIC], ids=["public", "plain", "bom"])
def test_both_published_forms_give_the_same_rows(save: Save, text: str) -> None:
    first, second = dataset.read_csv(save(text))
    assert first == FIRST
    assert second["timestamp"] == datetime(2024, 12, 31, 23, 59, tzinfo=UTC)
    assert second["delay_reason"] == "none"
    assert second["late"] is True


def test_an_empty_label_is_an_outcome_not_known_yet(save: Save) -> None:
    assert dataset.read_csv(save(PUBLIC.replace("297,0", "297,")))[0]["late"] is None


def test_writing_gives_back_the_same_file(save: Save, tmp_path: Path) -> None:
    records = list(dataset.iter_csv(save(PUBLIC)))
    copy = tmp_path / "copy.csv"
    dataset.write_csv(copy, [row for row, _ in records], [status for _, status in records])
    assert copy.read_text() == PUBLIC


def test_seconds_survive_writing(save: Save, tmp_path: Path) -> None:
    rows = dataset.read_csv(save(PLAIN.replace("07:05:00", "07:05:31.5+02:00")))
    dataset.write_csv(tmp_path / "copy.csv", rows)
    assert dataset.read_csv(tmp_path / "copy.csv") == rows


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "says"),
    [
        ("24.6", "warm", 2, "Temperature", "warm"),
        ("24.6", "nan", 2, "Temperature", "-60 to 60"),
        ("89.5342", "189.5", 3, "Longitude", "-180 to 180"),
        ("Heavy", "Jammed", 3, "Traffic_Status", "clear, detour, heavy"),
        ("Mechanical", "Magical", 2, "Logistics_Delay_Reason", "mechanical_failure"),
        ("In Transit", "Lost", 2, "Shipment_Status", "in_transit"),
        ("1/2/2024 7:05", "noon", 2, "Timestamp", "M/D/YYYY"),
        ("1/2/2024 7:05", "2/30/2024 7:05", 2, "Timestamp", "day"),
        ("Truck_10", " ", 3, "Asset_ID", "1 to 64"),
        ("97.1", "", 2, "Asset_Utilization %", "''"),
        ("227,1", "227,maybe", 3, "Logistics_Delay", "0, 1"),
        ("227,1", "227", 3, None, "15 cells where the header has 16"),
    ],
)
def test_an_error_names_line_and_column(
    save: Save, old: str, new: str, line: int, column: str | None, says: str
) -> None:
    path = save(PUBLIC.replace(old, new))
    with pytest.raises(DatasetError) as caught:
        dataset.read_csv(path)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert f"{path}:{line}: {column + ': ' if column else ''}" in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "is empty"), (PUBLIC.replace("Humidity", "Damp"), "lacks the column Humidity")],
)
def test_a_file_of_another_form_is_refused(save: Save, text: str, says: str) -> None:
    with pytest.raises(DatasetError, match=says):
        dataset.read_csv(save(text))


def drop(text: str, *names: str) -> str:
    rows = [line.split(",") for line in text.splitlines()]
    kept = [index for index, name in enumerate(rows[0]) if name not in names]
    return "".join(",".join(row[index] for index in kept) + "\n" for row in rows)


def test_what_is_no_input_is_not_needed_for_a_prediction(save: Save) -> None:
    path = save(drop(PUBLIC, "Shipment_Status", "Logistics_Delay"))
    assert dataset.read_csv(path, inputs_only=True)[0] == {**FIRST, "late": None}
    with pytest.raises(DatasetError, match="lacks the column Shipment_Status, Logistics_Delay;"):
        dataset.read_csv(path)
    path = save(PUBLIC.replace("In Transit", "Lost").replace("227,1", "227,maybe"))
    assert len(dataset.read_csv(path, inputs_only=True)) == 2
    with pytest.raises(DatasetError, match="lacks the column Humidity"):
        dataset.read_csv(save(drop(PUBLIC, "Humidity")), inputs_only=True)


@pytest.mark.parametrize("name", ["Humidity", "Waiting_Time", "Note"])
def test_a_column_that_is_there_twice_is_refused_by_name(save: Save, name: str) -> None:
    header, *rows = PUBLIC.splitlines()
    text = "\n".join([f"{header},Note,{name}", *(f"{row},1,1" for row in rows)])
    with pytest.raises(DatasetError, match=rf"csv:1: has the column {name} twice"):
        dataset.read_csv(save(text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"absent\.csv: cannot be opened"):
        dataset.read_csv(tmp_path / "absent.csv")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shipments.csv"
    path.write_bytes(PUBLIC.encode("utf-16"))
    with pytest.raises(DatasetError, match="not UTF-8"):
        dataset.read_csv(path)


def test_real_rows_come_through_unchanged(dataset_file: Path, tmp_path: Path) -> None:
    records = list(dataset.iter_csv(dataset_file))
    copy = tmp_path / "copy.csv"
    dataset.write_csv(copy, [row for row, _ in records], [status for _, status in records])
    assert list(dataset.iter_csv(copy)) == records
    with dataset_file.open(newline="", encoding="utf-8-sig") as file:
        assert len(records) == sum(1 for _ in csv.reader(file)) - 1
    assert all(set(row) == {*dataset.INPUT_FIELDS, "late"} for row, _ in records)
