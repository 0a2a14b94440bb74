"""Errors of the command itself; those of the rooms behind it are printed the same way.

CliError
└── MissingSettingError   an address or a file is not named anywhere
"""


class CliError(Exception):
    """Base of this package's errors; the message names cause and next step."""


class MissingSettingError(CliError):
    """An address or a file is not named anywhere."""
