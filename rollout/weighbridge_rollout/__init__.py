"""Releases as Git commits: write, verify, undo, tell."""

from weighbridge_rollout._agents import AgentState
from weighbridge_rollout._change import Change
from weighbridge_rollout._check import check
from weighbridge_rollout._commit import Commit
from weighbridge_rollout._environment import Environment
from weighbridge_rollout._errors import (
    AccessDeniedError,
    GitError,
    InvalidTrafficError,
    MovedError,
    NothingToUndoError,
    PinError,
    RefusedError,
    RepositoryMissingError,
    RolloutError,
    SettingsError,
    UnconfirmedError,
    UnreachableError,
)
from weighbridge_rollout._history import HistoryEntry, history
from weighbridge_rollout._interval import binomial_interval
from weighbridge_rollout._message import describe_split, format_percent
from weighbridge_rollout._pin import Pin, pin_model
from weighbridge_rollout._read_pin import read_pin
from weighbridge_rollout._registry import RegisteredModel
from weighbridge_rollout._set import set_percent
from weighbridge_rollout._status import CountedShare, GitState, Status, status
from weighbridge_rollout._store import ObjectStore
from weighbridge_rollout._undo import undo

__all__ = [
    "AccessDeniedError",
    "AgentState",
    "Change",
    "Commit",
    "CountedShare",
    "Environment",
    "GitError",
    "GitState",
    "HistoryEntry",
    "InvalidTrafficError",
    "MovedError",
    "NothingToUndoError",
    "ObjectStore",
    "Pin",
    "PinError",
    "RefusedError",
    "RegisteredModel",
    "RepositoryMissingError",
    "RolloutError",
    "SettingsError",
    "Status",
    "UnconfirmedError",
    "UnreachableError",
    "binomial_interval",
    "check",
    "describe_split",
    "format_percent",
    "history",
    "pin_model",
    "read_pin",
    "set_percent",
    "status",
    "undo",
]
