"""`python -m weighbridge_ingress`: the agent. `… check [folder]`: test the files of envoy/.

Exit codes: 0 stopped in order or nothing found, 1 cannot start or problems found, 2 wrong
settings or arguments.
"""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path

from weighbridge_ingress._errors import IngressError, SettingsError

_LOG = logging.getLogger("weighbridge_ingress")
# An edit by hand is to be put right within a second, however seldom the repository is looked at.
_KEEP_S = 0.5


def main(arguments: list[str]) -> int:
    """Run the agent, or `check`; return the exit code."""
    if arguments[:1] == ["check"]:
        from weighbridge_ingress._check import check_folder

        problems = check_folder(Path(arguments[1] if len(arguments) > 1 else "envoy"))
        for problem in problems:
            sys.stderr.write(f"{problem}\n")
        return 1 if problems else 0
    if arguments:
        sys.stderr.write("usage: python -m weighbridge_ingress [check [folder]]\n")
        return 2
    return _run_agent()


def _run_agent() -> int:
    from weighbridge_ingress._build import build_agent
    from weighbridge_ingress._logging import log_to_stderr
    from weighbridge_ingress._report_server import ReportServer
    from weighbridge_ingress._settings import AgentSettings

    try:
        settings = AgentSettings.from_environment()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    log_to_stderr(settings.log_format)
    try:
        agent = build_agent(settings)
        server = ReportServer(agent, settings.report_listen)
    except (IngressError, OSError, OverflowError) as error:  # no port has such a number
        _LOG.error("the agent cannot start: %s", error)
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: agent.stop())
    server.start()
    agent.run(min(settings.poll_interval_s, _KEEP_S))
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
