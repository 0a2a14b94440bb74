"""Follow an alias: find out what it names, load that beside the old, swap; else keep the old."""

from weighbridge_server.following._errors import (
    ConfigurationError,
    FollowingError,
    NothingToServeError,
)
from weighbridge_server.following._follower import Follower
from weighbridge_server.following._watched import NAME_FILE, AliasSource, WatchedAlias, read_files

__all__ = [
    "NAME_FILE",
    "AliasSource",
    "ConfigurationError",
    "Follower",
    "FollowingError",
    "NothingToServeError",
    "WatchedAlias",
    "read_files",
]
