"""`vaekit plugins new`."""

from __future__ import annotations

import os
import shlex

import click

from vaekit.registry import KINDS


@click.command(short_help="Make a plugin distribution that works.")
@click.argument("name")
@click.option(
    "--kind", type=click.Choice(tuple(KINDS)), required=True, help="What the example part is."
)
@click.option("--out", metavar="DIR", help="Folder to make. Default: NAME.")
def new(name: str, kind: str, out: str | None) -> None:
    """Make a distribution called NAME: a working part to put yours in place of, tests, README, CI.

    The part goes by NAME without a leading vaekit-.
    """
    from pathlib import Path

    from vaekit.plugins import discover
    from vaekit.scaffold import names_for, scaffold

    names = names_for(name, kind, discover().registry)
    distribution = scaffold(kind, names)
    folder = Path(out or name)
    distribution.write(folder)

    # Without a separator, pip would look for it in the index.
    place = str(folder) if folder.is_absolute() else os.path.join(os.curdir, folder)
    example = folder / distribution.example
    click.echo(f"Made {folder}: the {kind} {names.part!r}, to be changed in {example}.")
    click.echo("Install, check and train it:")
    click.echo(f"  pip install {shlex.quote(place)}")
    click.echo(f"  vaekit plugins check {names.part}")
    click.echo(f"  vaekit train {distribution.use}")
