"""An edit changes one line and no other byte, however the file is written."""

import re
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import weighbridge_rollout as rollout
from tests.fix_repository import new_repository

QUOTE = st.sampled_from(['"', "'"])
SPACE = st.sampled_from([" ", "   "])
NOTE = st.sampled_from(["", "  # why 10: see the log of last week", " # ümläut 10"])
BLANK = st.sampled_from(["", "\n", "# between\n"])
END = st.sampled_from(["\n", "", "\n\n# the end\n"])


@st.composite
def files(draw: st.DrawFn) -> str:
    """Write the state v7 10 % in one of many ways."""
    quote, space, note = draw(QUOTE), draw(SPACE), draw(NOTE)
    pairs = ["stable: v6", f"canary:{space}v7", f"canary-percent:{space}{quote}10{quote}"]
    pairs.append(f"shadow-percent: {quote}0{quote}")
    pairs = draw(st.permutations(pairs))
    if draw(st.booleans()):
        data = f"data: {{{', '.join(pairs)}}}{note}"
    else:
        data = "data:\n" + f"{note}\n{draw(BLANK)}".join(f"  {pair}" for pair in pairs) + note
    head = f"{draw(BLANK)}apiVersion: v1\nkind: ConfigMap\nmetadata:{space}{{name: traffic}}\n"
    return f"{head}{data}{draw(END)}"


@settings(max_examples=12, deadline=None)
@given(files(), st.integers(0, 1000).filter(lambda permille: permille != 100))
def test_a_set_leaves_every_other_byte_alone(text: str, permille: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = new_repository(Path(folder), text)
        percent = rollout.format_percent(permille)

        change = rollout.set_percent(repository.environment(), percent)

        assert change.after.canary_permille == permille
        written = re.sub(r"""(canary-percent: *)["']10["']""", rf'\g<1>"{percent}"', text)
        assert repository.read() == written
        assert len(repository.changed_lines()) == 2
