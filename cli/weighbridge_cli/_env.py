"""`weighbridge env`: which addresses the other commands use, and why."""

from __future__ import annotations

from weighbridge_cli._output import Output, OutputOption, console, plain_table, print_json
from weighbridge_cli._variables import Variables

_PREFIXES = ("WEIGHBRIDGE_", "MLFLOW_", "AWS_")
_SECRET = ("SECRET", "TOKEN", "PASSWORD", "SALT", "DATABASE_URL")


def env(output: OutputOption = Output.TEXT) -> None:
    """Show the addresses that the commands use, and where each is from; secrets are hidden."""
    variables = Variables.load()
    rows = [
        (name, _shown(name, variables[name]), _source(variables, name))
        for name in sorted(variables)
        if name.startswith(_PREFIXES)
    ]
    if output is Output.JSON:
        print_json([dict(zip(("name", "value", "source"), row, strict=True)) for row in rows])
        return
    out = console()
    if variables.file is None:
        out.print("No .weighbridge/env above the working directory: `make up` writes one.")
    table = plain_table("name", "value", "from")
    for row in rows:
        table.add_row(*row)
    out.print(table)


def _source(variables: Variables, name: str) -> str:
    return "the environment" if name in variables.environ else str(variables.file)


def _shown(name: str, value: str) -> str:
    from weighbridge_ingress.git import without_credentials

    hidden = any(part in name for part in _SECRET)
    return "(hidden)" if hidden else without_credentials(value)
