"""`weighbridge predictions`: the rows that calls have become."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from weighbridge_cli._duration import parse_duration_s
from weighbridge_cli._errors import CliError
from weighbridge_cli._output import Output, OutputOption, console, plain_table, print_json
from weighbridge_cli._records import call_record
from weighbridge_cli._variables import Variables

if TYPE_CHECKING:
    from weighbridge_predictionlog import LoggedCall


def predictions(
    since: Annotated[str, typer.Option(help="How far back: 30m, 8h, 7d.")] = "1h",
    version: Annotated[
        str | None, typer.Option(help="Only calls that this version served.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many rows.")] = 20,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show the newest rows of the prediction log, one for each call."""
    import psycopg

    from weighbridge_predictionlog import recent_calls

    start = datetime.now(UTC) - timedelta(seconds=parse_duration_s(since, "--since"))
    url = Variables.load().require("WEIGHBRIDGE_DATABASE_URL")
    try:
        calls = recent_calls(url, start, served_version=version, limit=limit)
    except psycopg.Error as error:
        raise CliError(f"the prediction log cannot be read: {error}") from error
    if output is Output.JSON:
        print_json([call_record(call) for call in calls])
    elif not calls:
        console().print(f"No calls in the last {since}.")
    else:
        _print(calls)


def _print(calls: list[LoggedCall]) -> None:
    table = plain_table(
        "prediction", "at (UTC)", "routed", "served", "route", "revision", "code", "score", "ms"
    )
    for call in calls:
        table.add_row(
            str(call.prediction_id),
            f"{call.created_at.astimezone(UTC):%m-%d %H:%M:%S}",
            call.routed_version or "",
            call.served_version,
            call.route or "direct",
            call.traffic_revision or "",
            call.status_code,
            "" if call.score is None else f"{call.score:.3f}",
            f"{call.latency_ms:.2f}",
        )
    console().print(table)
