"""The commands behind `make up`, `make down` and `make status`, and those that pods run."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from weighbridge_stack._errors import StackError
from weighbridge_stack._layout import Layout
from weighbridge_stack._lock import only_one
from weighbridge_stack._model_name import is_own, served_model
from weighbridge_stack._secrets import Secrets
from weighbridge_stack._settings import StackSettings, read_settings_for
from weighbridge_stack._signals import end_like_ctrl_c
from weighbridge_stack._versions import served_versions

_STATE_STYLES = {
    "running": "green",
    "died": "red",
    "stopped": "dim",
    "not pinned": "yellow",
    "retired": "yellow",
}


def main() -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m weighbridge_stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start what is not running")
    commands.add_parser("down", help="stop everything; all state stays")
    status = commands.add_parser("status", help="show every part")
    status.add_argument("--json", action="store_true", help="print JSON")
    serve = commands.add_parser("serve", help="run one part in the foreground, in a container")
    serve.add_argument("part", choices=("postgres", "s3", "mlflow"))
    arguments = parser.parse_args()
    console = Console(highlight=False)
    end_like_ctrl_c()
    try:
        if arguments.command == "serve":
            return _serve(arguments.part)
        if arguments.command == "up":
            return _up(console)
        if arguments.command == "down":
            return _down(console)
        return _status(console, as_json=arguments.json)
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


def _serve(part: str) -> int:
    from weighbridge_stack._serve import SERVICES

    return SERVICES[part]()


def _layout() -> Layout:
    from weighbridge_stack._preflight import make_home

    versions = served_versions()
    settings = read_settings_for(versions)
    make_home(settings.home)
    secrets = Secrets.load_or_create(settings.home)
    return Layout(settings, secrets, versions, served_model(settings))


def _up(console: Console) -> int:
    from weighbridge_stack._up import Up

    layout = _layout()
    up = Up(layout, console)
    with only_one(layout.home):
        took_s = up.run()
    _tell_where_things_are(layout, console, took_s)
    _tell_hints(console, up.hints)
    return 0


def _down(console: Console) -> int:
    from weighbridge_stack._down import down

    home = StackSettings().home
    if not home.exists():
        console.print(f"Nothing to stop: there is no folder {home}.")
        return 0
    with only_one(home):
        stopped = down(home, console)
    console.print("All stopped; the state stays." if stopped else "Nothing was running.")
    return 0


def _status(console: Console, *, as_json: bool) -> int:
    from weighbridge_stack._status import status

    home = StackSettings().home
    parts = status(_layout()) if home.exists() else []
    if as_json:
        sys.stdout.write(json.dumps([part.as_dict() for part in parts], indent=2) + "\n")
    elif not parts:
        console.print(f"There is no stack in {home}. Start one: make up")
    else:
        table = Table("part", "state", "port", "process", box=None, pad_edge=False)
        table.add_column("log", overflow="fold")
        for part in parts:
            state = f"[{_STATE_STYLES[part.state]}]{part.state}[/]"
            log = _relative(Path(part.log)) if part.log else ""
            table.add_row(part.name, state, str(part.port or ""), str(part.pid or ""), log)
        console.print(table)
        _tell_hints(console, [part.hint for part in parts if part.hint])
    return 0 if parts and all(part.is_well for part in parts) else 1


def _tell_hints(console: Console, hints: Sequence[str]) -> None:
    for hint in hints:
        console.print(f"\n{hint}", style="yellow", markup=False, soft_wrap=True)


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
    first = [] if is_own(layout.model_name) else [f"predict {_relative(layout.sample)}"]
    for command in (*first, "rollout set 25", "rollout status"):
        console.print(f"  .venv/bin/weighbridge {command}", soft_wrap=True)


def _relative(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    sys.exit(main())
