"""Releases as Git commits: write, verify, undo, tell."""

from weighbridge_rollout._agents import AgentState
from weighbridge_rollout._application import ApplicationState, Operation, SyncedResource
from weighbridge_rollout._change import Change
from weighbridge_rollout._check import check
from weighbridge_rollout._choose import Choice, choose_environment
from weighbridge_rollout._commit import Commit
from weighbridge_rollout._environment import ArgoApplication, ClusterAgents, Environment
from weighbridge_rollout._errors import (
    AccessDeniedError,
    ClusterError,
    ForbiddenError,
    GitError,
    ImageError,
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
from weighbridge_rollout._image import (
    ImageChange,
    list_images,
    list_images_in_file,
    set_images,
    set_images_in_file,
)
from weighbridge_rollout._interval import binomial_interval
from weighbridge_rollout._kustomization import Image
from weighbridge_rollout._message import describe_split, format_percent
from weighbridge_rollout._pin import Pin, pin_model
from weighbridge_rollout._pods import Pod
from weighbridge_rollout._read_pin import read_pin
from weighbridge_rollout._registry import RegisteredModel
from weighbridge_rollout._set import set_percent
from weighbridge_rollout._status import ArgoCdView, CountedShare, GitState, Status, status
from weighbridge_rollout._store import ObjectStore
from weighbridge_rollout._undo import undo

__all__ = [
    "AccessDeniedError",
    "AgentState",
    "ApplicationState",
    "ArgoApplication",
    "ArgoCdView",
    "Change",
    "Choice",
    "ClusterAgents",
    "ClusterError",
    "Commit",
    "CountedShare",
    "Environment",
    "ForbiddenError",
    "GitError",
    "GitState",
    "HistoryEntry",
    "Image",
    "ImageChange",
    "ImageError",
    "InvalidTrafficError",
    "MovedError",
    "NothingToUndoError",
    "ObjectStore",
    "Operation",
    "Pin",
    "PinError",
    "Pod",
    "RefusedError",
    "RegisteredModel",
    "RepositoryMissingError",
    "RolloutError",
    "SettingsError",
    "Status",
    "SyncedResource",
    "UnconfirmedError",
    "UnreachableError",
    "binomial_interval",
    "check",
    "choose_environment",
    "describe_split",
    "format_percent",
    "history",
    "list_images",
    "list_images_in_file",
    "pin_model",
    "read_pin",
    "set_images",
    "set_images_in_file",
    "set_percent",
    "status",
    "undo",
]
