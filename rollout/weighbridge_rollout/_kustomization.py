"""Read and edit the `images:` of a kustomization.yaml, one tag's own characters at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from weighbridge_rollout._errors import ImageError
from weighbridge_rollout._problems import yaml_fault
from weighbridge_rollout._trafficfile import child, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TAG = re.compile(r"[0-9a-f]{40}|v\d+\.\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Image:
    """What an overlay runs in the place of an image that the base names."""

    name: str
    """The base's name for it, one for each Deployment: "serving-api-v7"."""
    repository: str
    tag: str


class _Spot(NamedTuple):
    image: Image
    start: int
    end: int


def check_tag(tag: str) -> None:
    """Raise ImageError for a tag that could mean other bytes tomorrow."""
    if not _TAG.fullmatch(tag):
        raise ImageError(
            f"{tag!r} is no tag that stays what it is: give a commit's SHA, 40 hex digits "
            "(git rev-parse HEAD), or a release such as v1.2.3"
        )


def read_images(text: str) -> tuple[Image, ...]:
    """Return the images that an overlay sets; ImageError if it sets none."""
    return tuple(spot.image for spot in _spots(text))


def edit_images(text: str, tags: Mapping[str, str]) -> str:
    """Set tags by the images' names and leave every other character as it is."""
    edited = text
    for image, start, end in sorted(_spots(text), key=lambda spot: spot.start, reverse=True):
        if image.name in tags and image.tag != tags[image.name]:
            edited = f"{edited[:start]}{quote(tags[image.name])}{edited[end:]}"
    wanted = {image.name: tags.get(image.name, image.tag) for image in read_images(text)}
    if not _says(edited, wanted):
        raise ImageError("the tags cannot be set without changing more: edit the file by hand")
    return edited


def _says(text: str, tags: Mapping[str, str]) -> bool:
    try:
        return {image.name: image.tag for image in read_images(text)} == tags
    except ImageError:
        return False


def choose_images(images: Sequence[Image], names: Sequence[str]) -> tuple[Image, ...]:
    """Return the images of these names, all without names; ImageError for unknown ones."""
    known = [image.name for image in images]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ImageError(f"there is no image {', '.join(unknown)} here; known: {', '.join(known)}")
    return tuple(image for image in images if not names or image.name in names)


def _spots(text: str) -> list[_Spot]:
    try:
        root = YAML(typ="rt", pure=True).compose(text)
    except YAMLError as error:
        raise ImageError(f"this is not YAML: {yaml_fault(error)}") from error
    images = child(root, "images")
    spots = list(_entries(images)) if isinstance(images, SequenceNode) else []
    if not spots:
        raise ImageError("no image is set: there is no `images:` with newName and newTag")
    return spots


def _entries(images: SequenceNode) -> Iterator[_Spot]:
    """Yield the product's own images.

    The base names them without a registry, so a third party's name has a slash.
    """
    for entry in images.value:
        if not isinstance(entry, MappingNode):
            continue
        name, repository = _text(entry, "name"), _text(entry, "newName")
        if not name or "/" in name:
            continue
        tag = child(entry, "newTag")
        line = entry.start_mark.line + 1
        if child(entry, "digest") is not None or not repository or not isinstance(tag, ScalarNode):
            raise ImageError(
                f"line {line}: {name} needs newName and newTag, and no digest, which would win"
            )
        image = Image(name, repository, str(tag.value))
        yield _Spot(image, tag.start_mark.index, tag.end_mark.index)


def _text(entry: MappingNode, key: str) -> str | None:
    node = child(entry, key)
    return str(node.value) if isinstance(node, ScalarNode) else None
