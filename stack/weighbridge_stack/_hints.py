"""What `make up` and `make status` leave for a person to do, with the commands."""

import shlex

from weighbridge_ingress import Refused
from weighbridge_stack._layout import ENVIRONMENT_FOLDER, Layout
from weighbridge_stack._settings import version_number


def how_to_pin(version: str) -> str:
    """Say what to do about a version that has no pin."""
    return (
        f"{version} is not pinned: another version answers its calls. When its model is in the "
        "registry, pin it, then `make up` again:\n"
        f"  .venv/bin/weighbridge model pin {version} --version {version_number(version)}"
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
