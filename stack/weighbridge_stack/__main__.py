"""The commands behind `make up`, `make down` and `make status`."""

import argparse
import json
import sys
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from weighbridge_stack._errors import StackError
from weighbridge_stack._layout import Layout
from weighbridge_stack._lock import only_one
from weighbridge_stack._secrets import Secrets
from weighbridge_stack._settings import StackSettings
from weighbridge_stack._signals import end_like_ctrl_c

_STATE_STYLES = {"running": "green", "died": "red", "stopped": "dim"}


def main() -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m weighbridge_stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start what is not running")
    commands.add_parser("down", help="stop everything; all state stays")
    status = commands.add_parser("status", help="show every part")
    status.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    console = Console(highlight=False)
    end_like_ctrl_c()
    try:
        settings = StackSettings()
        if arguments.command == "up":
            return _up(settings, console)
        if arguments.command == "down":
            return _down(settings, console)
        return _status(settings, console, as_json=arguments.json)
    except ValidationError as error:
        for problem in error.errors():
            variable = f"WEIGHBRIDGE_{problem['loc'][0]}".upper()
            text = f"{variable}: {problem['msg']} (it is {problem['input']!r})"
            console.print(text, style="red", markup=False, soft_wrap=True)
        return 2
    except _said_in_a_line() as error:
        # Never as markup: the end of a log may hold anything.
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("[red]Interrupted: what had been started is stopped again.[/red]")
        return 130


def _said_in_a_line() -> tuple[type[Exception], ...]:
    """Return the errors that people can mend; any other one keeps its traceback."""
    import psycopg

    from weighbridge_ingress import IngressError
    from weighbridge_predictionlog import PredictionLogError
    from weighbridge_rollout import RolloutError

    return StackError, IngressError, PredictionLogError, RolloutError, psycopg.Error, OSError


def _layout(settings: StackSettings) -> Layout:
    from weighbridge_stack._preflight import make_home

    make_home(settings.home)
    return Layout(settings, Secrets.load_or_create(settings.home))


def _up(settings: StackSettings, console: Console) -> int:
    from weighbridge_stack._up import Up

    layout = _layout(settings)
    with only_one(layout.home):
        took_s = Up(layout, console).run()
    _tell_where_things_are(layout, console, took_s)
    return 0


def _down(settings: StackSettings, console: Console) -> int:
    from weighbridge_stack._down import down

    if not settings.home.exists():
        console.print(f"Nothing to stop: there is no folder {settings.home}.")
        return 0
    layout = _layout(settings)
    with only_one(layout.home):
        stopped = down(layout, console)
    console.print("All stopped; the state stays." if stopped else "Nothing was running.")
    return 0


def _status(settings: StackSettings, console: Console, *, as_json: bool) -> int:
    from weighbridge_stack._status import status

    parts = status(_layout(settings)) if settings.home.exists() else []
    if as_json:
        sys.stdout.write(json.dumps([part.as_dict() for part in parts], indent=2) + "\n")
    elif not parts:
        console.print(f"There is no stack in {settings.home}. Start one: make up")
    else:
        table = Table("part", "state", "port", "process", box=None, pad_edge=False)
        table.add_column("log", overflow="fold")
        for part in parts:
            state = f"[{_STATE_STYLES[part.state]}]{part.state}[/]"
            log = _relative(Path(part.log)) if part.log else ""
            table.add_row(part.name, state, str(part.port or ""), str(part.pid or ""), log)
        console.print(table)
    return 0 if parts and all(part.state == "running" for part in parts) else 1


def _tell_where_things_are(layout: Layout, console: Console, took_s: float) -> None:
    console.print(f"\n[bold]Weighbridge is up[/bold] after {took_s:.1f} s.")
    places = {
        "Envoy (call this)": layout.target,
        "MLflow": layout.tracking_uri,
        "Agent's report": f"{layout.agent_url}/report",
        "Traffic repository": str(layout.repository),
        "All addresses": f". {layout.home / 'env'}",
    }
    for name, place in places.items():
        console.print(f"  {name:<20}{place}", soft_wrap=True)
    console.print("\nTry:")
    sample = _relative(layout.sample)
    for command in (f"predict {sample}", "rollout set 25", "rollout status"):
        console.print(f"  .venv/bin/weighbridge {command}", soft_wrap=True)


def _relative(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    sys.exit(main())
