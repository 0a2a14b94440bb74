"""A new tag changes the tag's own characters and no other, however the file is written."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import weighbridge_rollout as rollout

QUOTE = st.sampled_from(["", '"', "'"])
NOTE = st.sampled_from(["", "  # why: see the log of last week", " # ümläut"])
TAG = st.text("0123456789abcdef", min_size=40, max_size=40)
SLOT = "\0"


@st.composite
def entries(draw: st.DrawFn, name: str) -> str:
    """Write one image in one of many ways, with a slot for its tag."""
    pairs = [f"name: {name}", f"newName: ghcr.io/own/{name}", f"newTag: {SLOT}"]
    pairs = draw(st.permutations(pairs))
    if draw(st.booleans()):
        return f"- {{{', '.join(pairs)}}}{draw(NOTE)}\n"
    lines = [f"{pair}{draw(NOTE)}\n" for pair in pairs]
    return f"- {'  '.join(lines)}"


@st.composite
def files(draw: st.DrawFn) -> tuple[str, list[str], str, list[str]]:
    """Return a file, its tags as they stand there, a new tag, and who shall get it."""
    names = ["serving-api-v6", "serving-api-v7", "serving-ingress-agent"]
    written = [draw(entries(name)) for name in names]
    tags = [f"{quote}{draw(TAG)}{quote}" for quote in (draw(QUOTE) for _ in names)]
    chosen = draw(st.lists(st.sampled_from(names), unique=True))
    text = f"resources: [../base]{draw(NOTE)}\nimages:\n{''.join(written)}# the end\n"
    return text, tags, draw(TAG), chosen


def fill(text: str, tags: list[str]) -> str:
    for tag in tags:
        text = text.replace(SLOT, tag, 1)
    return text


@settings(deadline=None)
@given(files())
def test_every_other_byte_stays(case: tuple[str, list[str], str, list[str]]) -> None:
    text, tags, new, chosen = case
    names = ["serving-api-v6", "serving-api-v7", "serving-ingress-agent"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kustomization.yaml"
        file.write_text(fill(text, tags))
        change = rollout.set_images_in_file(file, new, chosen)
        wanted = [
            f'"{new}"' if name in (chosen or names) and new not in tag else tag
            for name, tag in zip(names, tags, strict=True)
        ]
        assert file.read_text() == fill(text, wanted)
        assert [image.tag for image in change.before] == [
            tag.strip("\"'") for tag, want in zip(tags, wanted, strict=True) if tag != want
        ]
