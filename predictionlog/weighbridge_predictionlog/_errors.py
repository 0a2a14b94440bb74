"""What can go wrong in the prediction log.

PredictionLogError
├── RowError             a payload is not a row this release can read
├── RowRefusedError      PostgreSQL will never take one of these rows
├── SpoolError           a spool cannot be opened
├── ShipperRunningError  another shipper owns the root folder
├── DatabaseAwayError    PostgreSQL does not let us in
└── MigrationError       the database and the migrations in this package disagree

An append that fails is no exception: it must not fail the call (see `Spool.append`).
"""


class PredictionLogError(Exception):
    """Base of all errors of the prediction log."""


class RowError(PredictionLogError):
    """A payload is not a row this release can read."""


class RowRefusedError(PredictionLogError):
    """PostgreSQL will never take one of these rows, whatever state it will be in."""


class SpoolError(PredictionLogError):
    """A spool cannot be opened."""


class ShipperRunningError(PredictionLogError):
    """Another shipper owns the root folder."""


class DatabaseAwayError(PredictionLogError):
    """PostgreSQL does not answer, or does not let us in."""


class MigrationError(PredictionLogError):
    """The database and the migrations in this package disagree."""
