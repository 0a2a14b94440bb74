"""`weighbridge image`: which images an environment runs."""

from __future__ import annotations

from pathlib import Path  # typer reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated

import typer

from weighbridge_cli._environment import (
    EnvironmentOption,
    NoWaitOption,
    ReasonOption,
    SyncTimeoutOption,
    choose,
    print_notes,
)
from weighbridge_cli._output import (
    Output,
    OutputOption,
    console,
    plain_table,
    print_json,
    writing,
)
from weighbridge_cli._records import image_change_record, image_record

if TYPE_CHECKING:
    from weighbridge_rollout import ImageChange

app = typer.Typer(no_args_is_help=True, help="Change and show the images that run.")

FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file",
        metavar="PATH",
        dir_okay=False,
        help="A kustomization.yaml to work on instead, without Git.",
    ),
]


@app.command("set")
def set_(
    tag: Annotated[str, typer.Argument(help="A commit's SHA, or a release such as v1.2.3.")],
    deployment: Annotated[
        list[str] | None,
        typer.Option("--deployment", metavar="NAME", help="Only this one; may stand repeatedly."),
    ] = None,
    reason: ReasonOption = "",
    timeout: SyncTimeoutOption = 30.0,
    no_wait: NoWaitOption = False,
    file: FileOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Run another image, in all Deployments or in some, by one commit."""
    import weighbridge_rollout

    names = tuple(deployment or ())
    if file:
        change = weighbridge_rollout.set_images_in_file(file, tag, names)
    else:
        with writing("committing, then waiting until Argo CD has applied it"):
            change = weighbridge_rollout.set_images(
                choose(environment),
                tag,
                names,
                reason=reason,
                timeout_s=None if no_wait else timeout,
            )
    _print_change(change, output)
    print_notes(change.notes)


def _print_change(change: ImageChange, output: Output) -> None:
    if output is Output.JSON:
        print_json(image_change_record(change))
        return
    for image in change.before:
        typer.echo(f"{image.name}: {image.tag} → {change.tag}")
    if not change.before:
        typer.echo(f"nothing to change: {change.path} says {change.tag} already")
    elif change.commit is None:
        typer.echo(f"written to {change.path}")
    else:
        typer.echo(f"commit {change.commit}")
    if change.synced_s is not None:
        typer.echo(f"applied by Argo CD after {change.synced_s:.2f} s")


@app.command()
def show(
    file: FileOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show which image each Deployment runs, as Git says."""
    from weighbridge_rollout import list_images, list_images_in_file

    images = list_images_in_file(file) if file else list_images(choose(environment))
    if output is Output.JSON:
        print_json([image_record(image) for image in images])
        return
    table = plain_table("Deployment", "tag", "repository")
    for image in images:
        table.add_row(image.name, image.tag, image.repository)
    console().print(table)
