"""A ConfigMap's data: as the text of a traffic file, and as the kubelet mounts it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from weighbridge_ingress._errors import SourceError
from weighbridge_ingress._traffic_file import KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_HEAD = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: traffic
"""
# The kubelet clears the old folder once in a minute: to lose that race twice is a fault.
_TRIES = 3


def configmap_text(data: Mapping[str, str]) -> str:
    """Write data as a traffic file: in its order and one key a line, which problems then name."""
    order = [*(key for key in KEYS if key in data), *sorted(data.keys() - set(KEYS))]
    lines = [f"  {_quoted(key)}: {_quoted(data[key])}\n" for key in order]
    return f"{_HEAD}data:{'' if lines else ' {}'}\n{''.join(lines)}"


def read_mounted(mount: Path) -> dict[str, str] | None:
    """Read all keys of one state of a mounted ConfigMap, None if it has none. Raises SourceError.

    The kubelet writes each state into a folder of its own and then turns the link `..data` to it.
    """
    link = mount / "..data"
    reason: object = "it changes all the time"
    for _ in range(_TRIES):
        try:
            folder = link.readlink()
            found = _read_files(mount / folder)
            if link.readlink() == folder:  # else the old folder may have been half cleared
                return found or None
        except OSError as error:
            reason = error
    raise SourceError(
        f"the ConfigMap mounted at {mount} cannot be read: {reason}; "
        "mount it as a directory, without subPath"
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a string of JSON is one of YAML


def _read_files(folder: Path) -> dict[str, str]:
    return {
        file.name: file.read_text(encoding="utf-8", errors="replace")
        for file in sorted(folder.iterdir())
        if not file.name.startswith("..")
    }
