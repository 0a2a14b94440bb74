"""`weighbridge env`: which environment and which addresses the other commands use, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from weighbridge_cli._environment import EnvironmentOption  # noqa: TC001  # typer reads it
from weighbridge_cli._output import Output, OutputOption, console, plain_table, print_json
from weighbridge_cli._variables import Variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weighbridge_rollout import Environment

_PREFIXES = ("WEIGHBRIDGE_", "MLFLOW_", "AWS_")
_SECRET = ("SECRET", "TOKEN", "PASSWORD", "SALT", "DATABASE_URL")


class _Row(NamedTuple):
    name: str
    value: str
    source: str


def env(environment: EnvironmentOption = None, output: OutputOption = Output.TEXT) -> None:
    """Show the environment and addresses that the commands use, and where each is from.

    Secrets are hidden.
    """
    variables = Variables.load()
    chosen = list(_environment(variables, environment))
    rows = [
        _Row(name, _shown(name, variables[name]), _source(variables, name))
        for name in sorted(variables)
        if name.startswith(_PREFIXES)
    ]
    if output is Output.JSON:
        print_json([row._asdict() for row in (*chosen, *rows)])
        return
    out = console()
    if not chosen and variables.file is None:
        out.print("No .weighbridge/env above the working directory: `make up` writes one.")
    table = plain_table("name", "value", "from")
    for row in (*chosen, *rows):
        table.add_row(*row)
    out.print(table)


def _environment(variables: Variables, name: str | None) -> Iterator[_Row]:
    """Describe the environment that rollout, pin and image commands work on, if there is one."""
    from weighbridge_rollout import choose_environment

    named = name or variables.get("WEIGHBRIDGE_ENVIRONMENT")
    if not named and not variables.get("WEIGHBRIDGE_TRAFFIC_REPO"):
        return
    choice = choose_environment(variables, name)
    yield _Row("environment", choice.environment.name, choice.reason)
    if choice.environment.file:
        file = str(choice.environment.file)
        for key, value in _described(choice.environment):
            yield _Row(f"environment.{key}", value, file)


def _described(environment: Environment) -> Iterator[tuple[str, str]]:
    yield "traffic", f"{environment.path} on {environment.place}"
    if environment.agents:
        yield "agents", ", ".join(environment.agents)
    if agents := environment.kubernetes:
        context = agents.context or "the current context"
        yield "agents", f"pods {agents.selector} in {agents.namespace} of {context}"
    if environment.argocd:
        yield "argocd", f"Application {environment.argocd}"
    if environment.overlay:
        yield "images", environment.images_file


def _source(variables: Variables, name: str) -> str:
    return "the environment" if name in variables.environ else str(variables.file)


def _shown(name: str, value: str) -> str:
    from weighbridge_ingress.git import without_credentials

    hidden = any(part in name for part in _SECRET)
    return "(hidden)" if hidden else without_credentials(value)
