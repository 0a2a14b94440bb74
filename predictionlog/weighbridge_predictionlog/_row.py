"""One row of the prediction log, and its JSON form in the spool."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson

from weighbridge_predictionlog._errors import RowError

SCHEMA_VERSION = 1

Kind = Literal["call", "row"]
Route = Literal["weight", "pin", "shadow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionRow:
    """One attempt of a call at one server, or one element of a batch (`kind="row"`).

    The fields are the columns of the table `predictions`, in its order.
    """

    prediction_id: UUID
    schema_version: int = SCHEMA_VERSION
    call_id: str
    attempt: int = 1
    envoy_attempt: int = 1
    kind: Kind = "call"
    row_index: int | None = None
    row_count: int = 1
    failed_rows: int = 0
    sample_percent: float | None = None
    method: str
    model_name: str
    model_version: str
    model_digest: str
    served_version: str
    routed_version: str | None = None
    route: Route | None = None
    traffic_revision: str | None = None
    sticky_key_hash: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
    server_instance: str
    inputs: Mapping[str, Any] | None = None
    score: float | None = None
    label: bool | None = None
    status_code: str
    error_field: str | None = None
    latency_ms: float
    created_at: datetime

    def encode(self) -> bytes:
        """Return the row as UTF-8 JSON; TypeError when its inputs are no JSON."""
        return orjson.dumps(self, option=orjson.OPT_SERIALIZE_NUMPY)


COLUMNS = tuple(field.name for field in fields(PredictionRow))


class RowTemplate:
    """What many rows have in common, encoded once; a row of it costs a third of a whole one."""

    def __init__(self, shared: Mapping[str, Any]) -> None:
        """Share these columns; what no row says has PredictionRow's default."""
        self.shared = {"schema_version": SCHEMA_VERSION, **shared}
        self._head = orjson.dumps(self.shared)[:-1] + b","

    def row(self, own: Mapping[str, Any]) -> "TemplateRow":
        """Make a row with these further columns, not none."""
        return TemplateRow(self._head, own)


class TemplateRow:
    """One row of a template, not encoded yet."""

    __slots__ = ("_head", "_own")

    def __init__(self, head: bytes, own: Mapping[str, Any]) -> None:
        self._head = head
        self._own = own

    def encode(self) -> bytes:
        """Return the row as UTF-8 JSON; TypeError when its inputs are no JSON."""
        return self._head + orjson.dumps(self._own, option=orjson.OPT_SERIALIZE_NUMPY)[1:]


def decode_row(payload: bytes) -> PredictionRow:
    """Read a row back; RowError when the payload is not one of this release's rows."""
    try:
        values = orjson.loads(payload)
        values["prediction_id"] = UUID(values["prediction_id"])
        values["created_at"] = datetime.fromisoformat(values["created_at"])
        row = PredictionRow(**values)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RowError(
            f"not a prediction row of schema version {SCHEMA_VERSION}: {error!r}; "
            "ship it with the release that wrote it"
        ) from error
    return row
