"""`python -m weighbridge_ingress`: the agent. `… check [folder]`: test the files of envoy/."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path
from threading import Event

from weighbridge_ingress._errors import IngressError


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
    from weighbridge_ingress._report_server import ReportServer
    from weighbridge_ingress._settings import AgentSettings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = AgentSettings.from_environment()
        agent = build_agent(settings)
        server = ReportServer(agent, settings.report_listen)
    except (IngressError, OSError, ValueError) as error:  # a bad setting is a ValueError
        logging.error("the agent cannot start: %s", error)
        return 1
    server.start()
    agent.run(stop, settings.poll_interval_s)
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
