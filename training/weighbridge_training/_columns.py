"""The public dataset's columns: header, our name, kind and range. Nothing heavy is imported."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypedDict


class Row(TypedDict):
    """One shipment by the proto's field names; `late` is None where the label is not known."""

    timestamp: datetime
    asset_id: str
    latitude_deg: float
    longitude_deg: float
    inventory_level: float
    temperature_celsius: float
    humidity_percent: float
    traffic_status: str
    waiting_time_minutes: float
    user_transaction_amount_usd: float
    user_purchase_frequency: float
    delay_reason: str
    asset_utilization_percent: float
    demand_forecast: float
    late: bool | None


TRAFFIC_STATUSES: Final = ("clear", "detour", "heavy")
DELAY_REASONS: Final = ("none", "weather", "traffic", "mechanical_failure")
SHIPMENT_STATUSES: Final = ("delivered", "in_transit", "delayed")

STATUS: Final = "shipment_status"
LABEL: Final = "late"
OUTPUT: Final = "probability"


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A column of finite numbers; the range is the wire protocol's."""

    header: str
    field: str
    low: float
    high: float

    def parse(self, text: str) -> float:
        """Return the number; ValueError says what is wrong."""
        value = float(text)
        if not self.low <= value <= self.high:  # also refuses NaN
            raise ValueError(f"{text!r} is outside {self.low:g} to {self.high:g}")
        return value

    def format(self, value: object) -> str:
        """Write whole numbers without a point, as the public file does."""
        number = float(str(value))
        return str(int(number)) if number.is_integer() else repr(number)


@dataclass(frozen=True, slots=True)
class ChoiceColumn:
    """A column of named values: `Mechanical Failure` in the file, `mechanical_failure` here."""

    header: str
    field: str
    choices: tuple[str, ...]

    def parse(self, text: str) -> str:
        """Return the value's name here; ValueError lists the known ones."""
        value = re.sub(r"[\s_-]+", "_", text.strip()).lower()
        if value not in self.choices:
            raise ValueError(f"{text!r} is none of {', '.join(self.choices)}")
        return value

    def format(self, value: object) -> str:
        """Write the file's spelling."""
        return str(value).replace("_", " ").title()


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column of free text of 1 to 64 characters."""

    header: str
    field: str

    def parse(self, text: str) -> str:
        """Return the text without outer blanks."""
        value = text.strip()
        if not 1 <= len(value) <= 64:
            raise ValueError(f"{text!r} does not have 1 to 64 characters")
        return value

    def format(self, value: object) -> str:
        """Write it as it is."""
        return str(value)


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """A point in time: `1/31/2024 7:05` or ISO 8601; without an offset it is UTC."""

    header: str
    field: str

    def parse(self, text: str) -> datetime:
        """Return an aware UTC datetime."""
        value = text.strip()
        if match := _PUBLIC_TIME.fullmatch(value):
            month, day, year, hour, minute = map(int, match.groups())
            return datetime(year, month, day, hour, minute, tzinfo=UTC)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{text!r} is neither M/D/YYYY H:MM nor an ISO 8601 time") from None
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)

    def format(self, value: object) -> str:
        """Write the public form, or ISO 8601 where that form would lose the seconds."""
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        moment = moment.astimezone(UTC)
        if moment.second or moment.microsecond:
            return moment.isoformat()
        return f"{moment.month}/{moment.day}/{moment.year} {moment.hour}:{moment.minute:02d}"


@dataclass(frozen=True, slots=True)
class LabelColumn:
    """The outcome: 1 late, 0 on time, empty not known yet."""

    header: str
    field: str

    def parse(self, text: str) -> bool | None:
        """Return the outcome, None when the cell is empty."""
        value = text.strip().lower()
        if value not in _LABELS:
            raise ValueError(f"{text!r} is neither 0, 1 nor empty")
        return _LABELS[value]

    def format(self, value: object) -> str:
        """Write 0, 1 or nothing."""
        return "" if value is None else str(int(bool(value)))


Column = NumberColumn | ChoiceColumn | TextColumn | TimeColumn | LabelColumn

_PUBLIC_TIME = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d{2})")
_LABELS = {"": None, "0": False, "1": True, "false": False, "true": True}

COLUMNS: Final[tuple[Column, ...]] = (
    TimeColumn("Timestamp", "timestamp"),
    TextColumn("Asset_ID", "asset_id"),
    NumberColumn("Latitude", "latitude_deg", -90, 90),
    NumberColumn("Longitude", "longitude_deg", -180, 180),
    NumberColumn("Inventory_Level", "inventory_level", 0, 1_000_000),
    ChoiceColumn("Shipment_Status", STATUS, SHIPMENT_STATUSES),
    NumberColumn("Temperature", "temperature_celsius", -60, 60),
    NumberColumn("Humidity", "humidity_percent", 0, 100),
    ChoiceColumn("Traffic_Status", "traffic_status", TRAFFIC_STATUSES),
    NumberColumn("Waiting_Time (min)", "waiting_time_minutes", 0, 10_080),
    NumberColumn("User_Transaction_Amount $", "user_transaction_amount_usd", 0, 1_000_000),
    NumberColumn("User_Purchase_Frequency", "user_purchase_frequency", 0, 10_000),
    ChoiceColumn("Logistics_Delay_Reason", "delay_reason", DELAY_REASONS),
    NumberColumn("Asset_Utilization %", "asset_utilization_percent", 0, 100),
    NumberColumn("Demand_Forecast", "demand_forecast", 0, 1_000_000),
    LabelColumn("Logistics_Delay", LABEL),
)
INPUT_COLUMNS: Final = tuple(c for c in COLUMNS if c.field not in (STATUS, LABEL))
INPUT_FIELDS: Final = tuple(c.field for c in INPUT_COLUMNS)


def header_key(header: str) -> str:
    """Return the header without its unit and case, equal for both published forms."""
    return re.sub(r"\s*(\(.*\)|[$%])\s*$", "", header.strip()).lower()
