"""`vaekit plugins`: what there is to choose from, and help for who adds to it."""

from __future__ import annotations

import click

from vaekit.cli.plugins.check import check
from vaekit.cli.plugins.new import new
from vaekit.cli.plugins.show import list_parts, show


@click.group(invoke_without_command=True)
@click.pass_context
def plugins(ctx: click.Context) -> None:
    """List, show, make and check parts."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_parts)


for _command in (list_parts, show, new, check):
    plugins.add_command(_command)
