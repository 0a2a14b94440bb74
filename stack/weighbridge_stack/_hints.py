"""What `make up` and `make status` leave for a person to do, with the commands."""

import shlex
from collections.abc import Sequence

from weighbridge_ingress import Refused
from weighbridge_stack._layout import ENVIRONMENT_FOLDER, Layout
from weighbridge_stack._model_name import is_own
from weighbridge_stack._settings import version_number


def how_to_pin(layout: Layout, versions: Sequence[str]) -> dict[str, str]:
    """Say of each of the versions, which have no pin, what to do about it."""
    alone = len(versions) == len(layout.versions)
    return {version: _how_to_pin(layout, version, alone=alone) for version in versions}


def _how_to_pin(layout: Layout, version: str, *, alone: bool) -> str:
    own, name = is_own(layout.model_name), shlex.quote(layout.model_name)
    register = (
        ", as docs/your-own-model.md tells,\n"
        f"  .venv/bin/weighbridge model register FILE.onnx --name {name} --example FILE.json\n"
    )
    return (
        f"{version} is not pinned: {'nobody' if alone else 'another version'} answers its calls. "
        f"When its model is in the registry{register if own else ', '}pin it, then `make up` again:"
        f"\n  .venv/bin/weighbridge model pin {version} --version {version_number(version)}"
        f"{f' --model {name}' if own else ''}"
    )


def how_to_mend(layout: Layout, refused: Refused) -> str:
    """Say what to do about a traffic file that the agent refuses."""
    problems = (f"  {problem}" for problem in refused.problems)
    commands = (
        f"  git clone {shlex.quote(str(layout.repository))} traffic",
        f"  vi traffic/{ENVIRONMENT_FOLDER}/traffic.yaml",
        "  git -C traffic commit --all && git -C traffic push",
    )
    return "\n".join(
        (
            "The traffic file in Git is refused, so Envoy does not follow it:",
            *problems,
            "Mend it; Envoy follows within a second, and `weighbridge rollout status` shows it:",
            *commands,
        )
    )
