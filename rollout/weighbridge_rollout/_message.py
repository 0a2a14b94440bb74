"""Commit messages: what happened in the subject, why in the body, the facts as trailers."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from weighbridge_ingress import Traffic
    from weighbridge_rollout._commit import Commit
    from weighbridge_rollout._kustomization import Image

STABLE = "Weighbridge-Stable"
CANARY = "Weighbridge-Canary"
PERCENT = "Weighbridge-Canary-Percent"
PREVIOUS = "Weighbridge-Previous-Percent"
UNDOES = "Weighbridge-Undoes"
IMAGE = "Weighbridge-Image"
PREVIOUS_IMAGE = "Weighbridge-Previous-Image"

_WIDTH = 72
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def format_percent(permille: int) -> str:
    """Return "25" for 250 and "12.5" for 125: the form of the traffic file."""
    whole, tenths = divmod(permille, 10)
    return f"{whole}.{tenths}" if tenths else f"{whole}"


def describe_split(traffic: Traffic | None) -> str:
    """Return "v7 25 % beside v6", or say that the file gives none."""
    if traffic is None:
        return "no valid split"
    return f"{traffic.canary} {format_percent(traffic.canary_permille)} % beside {traffic.stable}"


def set_message(before: Traffic, after: Traffic, environment: str, reason: str) -> str:
    """Explain a changed share."""
    new, old = format_percent(after.canary_permille), format_percent(before.canary_permille)
    rest = format_percent(1000 - after.canary_permille)
    return _compose(
        f"Give {after.canary} {new} % of calls (was {old} %)",
        (reason, f"{after.stable} answers the other {rest} %. Environment: {environment}."),
        (*_split_trailers(after), (PREVIOUS, old)),
    )


def undo_message(
    before: Traffic | None, after: Traffic, undone: Iterable[Commit], reason: str
) -> str:
    """Explain a step back."""
    commits = tuple(undone)
    back = f"{after.canary} {format_percent(after.canary_permille)} %"
    subject = f"Undo: back to {back} (was {_short_split(before, after)})"
    taken = "\n".join(f"Takes back {commit}." for commit in commits)
    previous = () if before is None else ((PREVIOUS, format_percent(before.canary_permille)),)
    undoes = tuple((UNDOES, commit.sha) for commit in commits)
    return _compose(subject, (reason, taken), (*_split_trailers(after), *previous, *undoes))


def pin_message(label: str, name: str, version: str, uri: str, sha256: str) -> str:
    """Explain which model a version label stands for from now on."""
    return _compose(
        f"Pin {label} to {name} {version}",
        (f"The bytes at {uri} were read and have this SHA-256.",),
        (
            ("Weighbridge-Model", name),
            ("Weighbridge-Model-Version", version),
            ("Weighbridge-Model-Uri", uri),
            ("Weighbridge-Model-Sha256", sha256),
        ),
    )


def image_message(before: Sequence[Image], tag: str, environment: str, reason: str) -> str:
    """Explain which Deployments run which image from now on."""
    names = [image.name for image in before]
    who = names[0] if len(names) == 1 else f"{len(names)} images"
    changes = "\n".join(f"{image.name}: was {image.tag}" for image in before)
    return _compose(
        f"Run {_short_tag(tag)} in {environment}: {who}",
        (reason, changes),
        (
            *((IMAGE, f"{image.name} {image.repository}:{tag}") for image in before),
            *((PREVIOUS_IMAGE, f"{image.name} {image.repository}:{image.tag}") for image in before),
        ),
    )


def _short_tag(tag: str) -> str:
    return tag if tag.startswith("v") else tag[:10]


def _short_split(before: Traffic | None, after: Traffic) -> str:
    if before is None:
        return "a refused file"
    percent = f"{format_percent(before.canary_permille)} %"
    return percent if before.canary == after.canary else f"{before.canary} {percent}"


def _split_trailers(traffic: Traffic) -> tuple[tuple[str, str], ...]:
    return (
        (STABLE, traffic.stable),
        (CANARY, traffic.canary),
        (PERCENT, format_percent(traffic.canary_permille)),
    )


def _compose(subject: str, paragraphs: Iterable[str], trailers: Iterable[tuple[str, str]]) -> str:
    """Join the parts; trailers stand alone at the end, so that a reason cannot forge one."""
    body = [_wrap(paragraph) for text in paragraphs for paragraph in text.split("\n\n")]
    lines = "\n".join(f"{key}: {value}" for key, value in trailers)
    return "\n\n".join(part for part in (subject, *body, lines) if part) + "\n"


def _wrap(paragraph: str) -> str:
    clean = _CONTROL.sub("", paragraph).strip()
    return "\n".join(
        textwrap.fill(line, _WIDTH, break_long_words=False, break_on_hyphens=False)
        for line in clean.splitlines()
    )
