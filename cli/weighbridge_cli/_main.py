"""Start the command, and end it with the right exit code.

Nothing but typer is imported before a command runs: the help page must not wait for gRPC, MLflow
or YAML. So each command imports its room inside.
"""

from __future__ import annotations

import sys

from weighbridge_cli._app import app

# Every exception that one of these packages defines is raised on purpose and has a message that
# is written for a person. Told by its module's name, so that no package is imported to ask.
ROOMS = frozenset(
    {
        "weighbridge",
        "weighbridge_cli",
        "weighbridge_ingress",
        "weighbridge_predictionlog",
        "weighbridge_rollout",
        "weighbridge_training",
    }
)


def main() -> None:
    """Run `weighbridge`: 0 done, 1 said what went wrong, 2 wrong usage, 130 interrupted."""
    try:
        app()
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ROOMS:
            raise
        sys.stderr.write(f"weighbridge: {error}\n")
        sys.exit(1)
