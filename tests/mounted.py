"""A ConfigMap's folder as the kubelet keeps it, and a way to a cluster that may not be there."""

from __future__ import annotations

import itertools
import json
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LINK = "..data"


class Mounted:
    """One mounted ConfigMap; each state is a folder, and a link is turned from one to the next."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count()
        folder.mkdir()

    def write(self, data: Mapping[str, str]) -> None:
        """Replace the state: a new folder, the link renamed into place, the old folder cleared."""
        link, state = self.folder / _LINK, self.folder / f"..2026_{next(self._numbers)}"
        old = link.readlink() if link.is_symlink() else None
        state.mkdir()
        for name, value in data.items():
            (state / name).write_text(value)
        new = self.folder / f"{_LINK}_tmp"
        new.symlink_to(state.name)
        new.rename(link)
        for name in data:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"{_LINK}/{name}")
        if old:
            shutil.rmtree(self.folder / old)


def split(percent: str, **changes: str) -> dict[str, str]:
    """Return a traffic ConfigMap's data that gives v7 this share."""
    data = {"stable": "v6", "canary": "v7", "canary-percent": percent, "shadow-percent": "0"}
    return {**data, **changes}


def write_kubeconfig(path: Path, cluster: Mapping[str, object], token: str, namespace: str) -> Path:
    """Write a kubeconfig for one account of one cluster."""
    config = {
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": dict(cluster)}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [
            {
                "name": "test",
                "context": {"cluster": "test", "user": "test", "namespace": namespace},
            }
        ],
    }
    path.write_text(json.dumps(config))  # which is YAML too
    return path
