"""`python -m weighbridge_predictionlog ship | migrate`."""

import argparse
import logging
import sys

import psycopg

from weighbridge_predictionlog._errors import PredictionLogError
from weighbridge_predictionlog._process import log_to_stderr, read_settings
from weighbridge_predictionlog._settings import MigrateSettings, ShipSettings
from weighbridge_predictionlog.database import migrate
from weighbridge_predictionlog.shipper import run_shipper

_log = logging.getLogger("weighbridge.predictionlog")


def main() -> int:
    """Run the named command; return its exit code.

    0 done, 1 cannot work (the last line says why), 2 wrong settings or arguments.
    """
    parser = argparse.ArgumentParser(prog="python -m weighbridge_predictionlog")
    commands = parser.add_subparsers(required=True, metavar="command")
    commands.add_parser("ship", help="move rows from the spools into PostgreSQL").set_defaults(
        run=_ship
    )
    commands.add_parser("migrate", help="bring the database to this release").set_defaults(
        run=_migrate
    )
    command = parser.parse_args()
    try:
        command.run()
    except (PredictionLogError, psycopg.Error, OSError) as error:
        _log.error("failed", extra={"error": str(error)})
        return 1
    return 0


def _ship() -> None:
    settings = read_settings(ShipSettings, strict=True)
    log_to_stderr(settings.log_format)
    run_shipper(
        settings.spool_root,
        settings.database_url,
        batch_bytes=settings.batch_bytes,
        poll_interval_s=settings.poll_interval_s,
        drain_s=settings.drain_s,
    )


def _migrate() -> None:
    settings = read_settings(MigrateSettings)
    log_to_stderr(settings.log_format)
    applied = migrate(settings.database_url, wait_s=settings.wait_s)
    _log.info("migrated", extra={"applied": applied})


if __name__ == "__main__":
    sys.exit(main())
