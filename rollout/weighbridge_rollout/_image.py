"""Change which images an environment runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge_rollout._applied import APPLY_TIMEOUT_S, wait_until_applied
from weighbridge_rollout._clone import open_clone
from weighbridge_rollout._errors import ImageError
from weighbridge_rollout._kustomization import (
    Image,
    check_tag,
    choose_images,
    edit_images,
    read_images,
)
from weighbridge_rollout._message import image_message
from weighbridge_rollout._site import open_site
from weighbridge_rollout._write import push_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from weighbridge_rollout._commit import Commit
    from weighbridge_rollout._environment import Environment


@dataclass(frozen=True, slots=True)
class ImageChange:
    """Changed tags, or the finding that there was nothing to change."""

    path: str
    """The kustomization in the repository, or the file that was edited."""
    before: tuple[Image, ...]
    """Those whose tag changed."""
    tag: str
    commit: Commit | None = None
    """None if nothing was committed."""
    synced_s: float | None = None
    """Seconds until Argo CD had applied it; None without Argo CD, or if it was not waited for."""
    notes: tuple[str, ...] = ()
    """What one should know besides."""


def set_images(
    environment: Environment,
    tag: str,
    names: Sequence[str] = (),
    *,
    reason: str = "",
    timeout_s: float | None = APPLY_TIMEOUT_S,
) -> ImageChange:
    """Run a tag in these Deployments, without names in all of the environment's, by one commit.

    With a timeout, returns when Argo CD has applied it, RefusedError if it could not. Where there
    is no Argo CD, or this user cannot ask it, returns after the push, with a note. ImageError for a
    tag that is no commit and no release, or a name that the overlay does not have.
    """
    check_tag(tag)
    path = environment.images_file
    with open_clone(environment) as clone:
        text = clone.read(path)
        before, edited = _edit(path, text, tag, names)
        if not before:
            return ImageChange(path, (), tag)
        message = image_message(before, tag, environment.name, reason)
        pushed = push_file(clone, path, edited, message)
        with open_site(environment) as site:
            done = wait_until_applied(site, clone, pushed, timeout_s, None)
        return ImageChange(path, before, tag, pushed.commit, done.live_s, done.notes)


def set_images_in_file(file: Path, tag: str, names: Sequence[str] = ()) -> ImageChange:
    """Edit a kustomization on this machine, without Git."""
    check_tag(tag)
    before, edited = _edit(str(file), _read(file), tag, names)
    if before:
        file.write_text(edited, encoding="utf-8")
    return ImageChange(str(file), before, tag)


def list_images(environment: Environment) -> tuple[Image, ...]:
    """Return the images that Git says the environment runs."""
    with open_clone(environment) as clone:
        return _named(environment.images_file, clone.read(environment.images_file))


def list_images_in_file(file: Path) -> tuple[Image, ...]:
    """Return the images of a kustomization on this machine."""
    return _named(str(file), _read(file))


def _edit(path: str, text: str, tag: str, names: Sequence[str]) -> tuple[tuple[Image, ...], str]:
    """Return the images that another tag is given, and the file's new text."""
    chosen = choose_images(_named(path, text), names)
    edited = edit_images(text, dict.fromkeys((image.name for image in chosen), tag))
    return tuple(image for image in chosen if image.tag != tag), edited


def _named(path: str, text: str) -> tuple[Image, ...]:
    try:
        return read_images(text)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ImageError(f"{file} cannot be read: {error}") from error
