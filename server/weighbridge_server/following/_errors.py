"""What can go wrong before there is a model to go on with.

FollowingError
├── ConfigurationError   a file that names what to follow is there, and cannot be used
└── NothingToServeError  neither what the alias names nor what served last for it can be had
"""


class FollowingError(Exception):
    """Base of this room's errors; each message tells the cause and the next step."""


class ConfigurationError(FollowingError):
    """A file that names what to follow cannot be read, is too long or no text."""


class NothingToServeError(FollowingError):
    """The model that is wanted and the one that served last both failed; the text has both."""
